#include "telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <variant>

#include "base/check.hpp"

namespace telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                      2.5,   5,    10,    30,   60,  120,  300, 600};

bool is_name(std::string_view name, std::string_view also) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           also.find(c) != std::string_view::npos;
  };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

// The serializer escapes label values, but writes help texts as they are.
std::string escape_help(std::string_view help) {
  std::string result;
  for (const char c : help) {
    if (c == '\\')
      result += "\\\\";
    else if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result;
}

auto label_order(const prometheus::ClientMetric& metric) {
  std::vector<std::pair<std::string_view, std::string_view>> order;
  for (const auto& label : metric.label) order.emplace_back(label.name, label.value);
  return order;
}

}  // namespace

void Counter::add(double amount) {
  CHECK(amount >= 0, "a counter never goes down");
  static_cast<prometheus::Counter*>(series_)->Increment(amount);
}
double Counter::value() const { return static_cast<prometheus::Counter*>(series_)->Value(); }

void Gauge::set(double value) { static_cast<prometheus::Gauge*>(series_)->Set(value); }
double Gauge::value() const { return static_cast<prometheus::Gauge*>(series_)->Value(); }

void Histogram::observe(double value) { static_cast<prometheus::Histogram*>(series_)->Observe(value); }

struct Metrics::Impl {
  template <class Kind>
  using Family = prometheus::Family<Kind>*;

  template <class Kind, class Build, class... Arguments>
  Kind& series(Build build, std::string_view name, std::string_view help, const Labels& labels,
               const Arguments&... arguments) {
    const std::lock_guard lock(mutex);
    auto found = families.find(name);
    if (found == families.end()) {
      CHECK(is_name(name, ":"), "Prometheus: metric names are [a-zA-Z_:][a-zA-Z0-9_:]*");
      auto& family = build().Name(std::string(name)).Help(escape_help(help)).Register(registry);
      found = families.emplace(std::string(name), &family).first;
    }
    CHECK(std::holds_alternative<Family<Kind>>(found->second), "a metric's name is one kind for ever");
    for (const auto& [label, value] : labels)
      CHECK(is_name(label, "") && label != "le" && label != "quantile" && !label.starts_with("__"),
            "Prometheus: label names are [a-zA-Z_][a-zA-Z0-9_]*, some reserved");
    return std::get<Family<Kind>>(found->second)->Add(labels, arguments...);
  }

  std::mutex mutex;
  prometheus::Registry registry;
  std::map<
      std::string,
      std::variant<Family<prometheus::Counter>, Family<prometheus::Gauge>, Family<prometheus::Histogram>>,
      std::less<>>
      families;
};

Metrics::Metrics(std::string program) : program_(std::move(program)), impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return Counter(&impl_->series<prometheus::Counter>(prometheus::BuildCounter, name, help, labels));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return Gauge(&impl_->series<prometheus::Gauge>(prometheus::BuildGauge, name, help, labels));
}

void Metrics::remove_gauge(std::string_view name, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->families.find(name);
  if (found == impl_->families.end()) return;
  auto* const family = std::get<Impl::Family<prometheus::Gauge>>(found->second);
  if (family->Has(labels)) family->Remove(&family->Add(labels));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return Histogram(
      &impl_->series<prometheus::Histogram>(prometheus::BuildHistogram, name, help, labels, buckets));
}

std::string Metrics::exposition() const {
  auto families = impl_->registry.Collect();
  std::sort(families.begin(), families.end(), [](auto& a, auto& b) { return a.name < b.name; });
  for (auto& family : families)
    std::sort(family.metric.begin(), family.metric.end(),
              [](auto& a, auto& b) { return label_order(a) < label_order(b); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace telemetry
