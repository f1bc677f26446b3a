// What a look around finds (SS1), printed one by one as it is found, so that a slow check does not hide the
// ones before; as JSON, all at the end. Belongs to one thread.
//
//   Report report({.json = options.json, .strict = options.strict});
//   report.add(check_time_zones());
//   return report.end();
#pragma once

#include <string>
#include <vector>

#include "base/secret.hpp"
#include "config/fault.hpp"
#include "program/console.hpp"
#include "program/findings.hpp"

namespace program {

struct ReportOptions {
  bool json = false;
  bool strict = false;  // warnings alone make the exit code 1
};

class Report {
 public:
  explicit Report(const ReportOptions& options) : options_(options), style_(style_of_stdout()) {}

  void add(Finding finding);
  void add(std::vector<Finding> findings, const base::Redactor& redactor);
  // The first of them, each by itself; `where_all_are` is what to do if there are more.
  void add(const std::string& check, const config::Faults& faults, const std::string& where_all_are);
  int end() const;  // prints what is left to print; the exit code

 private:
  const ReportOptions options_;
  const TextStyle style_;
  std::vector<Finding> findings_;
};

}  // namespace program
