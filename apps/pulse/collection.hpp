// What `pulse collect` does with the collectors it is given, wherever that is: in a process of its own, or in
// the daemon that was asked for it.
//
//   Order order = read_order(app, options, complain);
//   return carry_out(order, options, {.run = …, .print = …, .stop = …});
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "collect/run.hpp"
#include "pulse/commands.hpp"
#include "pulse/json.hpp"

namespace pulse {

class App;

struct Order {
  std::vector<std::shared_ptr<const config::Collector>> collectors;  // that are valid
  std::vector<InvalidCollector> invalid;
  std::vector<int> codes;  // exit codes so far
};

// The collectors named; faults go to `complain`.
Order read_order(App& app, const CollectOptions& options,
                 const std::function<void(std::string_view)>& complain);

struct CollectionPorts {
  std::function<collect::RunReport(std::shared_ptr<const config::Collector>, collect::RunOptions)> run;
  std::function<void(std::string_view)> print;  // results
  std::stop_token stop;
};
// One after the other; their exit codes are added. Prints a summary each, or everything as JSON at the end.
int carry_out(Order order, const CollectOptions& options, const CollectionPorts& ports);

// A wait that a person wrote: 0, 30s, 10m; nothing: it is none of at most 24 hours.
std::optional<base::Duration> parse_wait(const std::string& text);

}  // namespace pulse
