#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

// As PHP's fputcsv() does it: quotes around whatever holds more than plain words.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(" ,\"\\\n\r\t") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::string body(const ApiState& state) {
  std::string out =
      "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,"
      "knownRansomwareCampaignUse,notes,cwes\n";
  for (const Record& record : state.records) {
    for (std::size_t i = 0; i < record.size(); ++i)
      out.append(i > 0 ? "," : "").append(csv_cell(text_of(record, record[i].name)));
    out += '\n';
  }
  return out;
}

}  // namespace

Api kev_csv_api() {
  Api api = kev_api();
  api.name = "kev_csv";
  api.path = "/sites/default/files/csv/known_exploited_vulnerabilities.csv";
  api.content_type = "text/csv";
  api.body = body;
  api.source = "kev";
  return api;
}

}  // namespace simulator
