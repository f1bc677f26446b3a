// The metrics registry: counters, gauges and histograms with labels, written as Prometheus text (exposition
// format 0.0.4). Names carry their unit and the program's prefix (pulse_…, phoenix_…). Labels are bounded:
// never a URL, an error text or a user id. Thread-safe.
//
//   metrics.counter("pulse_runs_total", "Runs that ended, by outcome.", {{"collector", name}, {"outcome",
//   "success"}}).add();
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace telemetry {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  void add(double amount = 1);  // ≥ 0
  double value() const;

 private:
  friend class Metrics;
  explicit Counter(void* series) : series_(series) {}
  void* series_;
};

class Gauge {
 public:
  void set(double value);
  double value() const;

 private:
  friend class Metrics;
  explicit Gauge(void* series) : series_(series) {}
  void* series_;
};

class Histogram {
 public:
  void observe(double value);

 private:
  friend class Metrics;
  explicit Histogram(void* series) : series_(series) {}
  void* series_;
};

class Metrics {
 public:
  explicit Metrics(std::string program = "pulse");
  ~Metrics();
  // "http_requests_total" → "pulse_http_requests_total": for parts that several programs have.
  std::string named(std::string_view rest) const { return program_ + "_" + std::string(rest); }
  // The same name and labels give the same series; a handle is valid as long as the registry. A name is one
  // kind for ever (CHECK).
  Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram histogram(std::string_view name, std::string_view help,
                      const Labels& labels = {});  // seconds: 5 ms … 10 min

  // A gauge of something that is no more. No handle of it may be used any longer.
  void remove_gauge(std::string_view name, const Labels& labels);

  std::string exposition() const;

 private:
  struct Impl;
  const std::string program_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telemetry
