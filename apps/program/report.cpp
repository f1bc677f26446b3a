#include "program/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "program/output.hpp"

namespace program {

void Report::add(Finding finding) {
  if (!options_.json) print_text(finding_text(finding, style_));
  findings_.push_back(std::move(finding));
}

void Report::add(std::vector<Finding> findings, const base::Redactor& redactor) {
  for (Finding& finding : findings) {
    finding.message = redactor.redact(finding.message);
    add(std::move(finding));
  }
}

void Report::add(const std::string& check, const config::Faults& faults, const std::string& where_all_are) {
  const auto list = faults.sorted();
  const std::size_t shown = std::min(list.size(), config::max_faults_shown);
  for (std::size_t i = 0; i < shown; ++i) add({check, Finding::State::wrong, list[i].text()});
  if (shown < list.size())
    add({check, Finding::State::wrong, fmt::format("and {} more faults", list.size() - shown),
         where_all_are});
}

int Report::end() const {
  if (options_.json) print_text(to_json(findings_));
  return exit_code(findings_, options_.strict);
}

}  // namespace program
