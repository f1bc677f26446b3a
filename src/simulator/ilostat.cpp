// ILOSTAT's bulk downloads, /data/bulk/CODE.csv.gz: gzip files that are no Content-Encoding.
#include <array>

#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/data/bulk/", suffix = ".csv.gz";
constexpr std::array indicators{"UNE_DEAP_SEX_AGE_RT", "EAP_DWAP_SEX_AGE_RT"};
constexpr std::array sexes{"SEX_T", "SEX_M", "SEX_F"};
constexpr std::array columns{"ref_area",     "source",         "indicator",  "sex",
                             "classif1",     "time",           "obs_value",  "obs_status",
                             "note_classif", "note_indicator", "note_source"};
constexpr std::int64_t last_year = 2024;

Value measured(base::Rng& rng) { return one_in(rng, 11) ? Value{nullptr} : decimal(rng, 1, 99'999, 3); }

// All indicators, sexes and countries of a year, then the year before.
Record make(ApiState& state) {
  const std::size_t i = state.keys.size(), of_sex = indicators.size() * sexes.size();
  const std::size_t of_year = of_sex * countries().size();
  base::Rng& rng = state.rng;
  state.keys.insert(std::to_string(i));
  constexpr std::array statuses{"", "", "", "U", "B"};
  const std::string status = pick(rng, statuses);
  return {{"ref_area", countries()[i / of_sex % countries().size()].iso3},
          {"source", fmt::format("BA:{}", 400 + i / of_sex % countries().size())},
          {"indicator", indicators[i % indicators.size()]},
          {"sex", sexes[i / indicators.size() % sexes.size()]},
          {"classif1", "AGE_YTHADULT_YGE15"},
          {"time", last_year - static_cast<std::int64_t>(i / of_year)},
          {"obs_value", measured(rng)},
          {"obs_status", status.empty() ? Value{nullptr} : Value{status}},
          {"note_classif", one_in(rng, 9) ? Value{"C6:\"1044\", C7:1055"} : Value{nullptr}},
          {"note_indicator", one_in(rng, 9) ? Value{"I11:264 – révisé"} : Value{nullptr}},
          {"note_source", "R1:3513_S3:5"}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) {
  const std::string old = text_of(record, "obs_value");
  do set(record, "obs_value", measured(state.rng));
  while (text_of(record, "obs_value") == old || text_of(record, "obs_value").empty());
}

Answer download(const ApiState& state, const ApiRequest& request) {
  std::string code = request.path.substr(root.size());
  code.resize(code.ends_with(suffix) ? code.size() - suffix.size() : 0);
  const bool yearly = code.ends_with("_A");
  View view = select(state.records, [&](const Record& record) {
    return yearly && text_of(record, "indicator") == code.substr(0, code.size() - 2);
  });
  if (!yearly ||
      std::find(indicators.begin(), indicators.end(), code.substr(0, code.size() - 2)) == indicators.end())
    return answer_text(
        "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
        "Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        "text/html", 404);
  sort_by(view, [](const Record& record) {
    return std::pair(text_of(record, "ref_area") + " " + text_of(record, "sex"), -number_of(record, "time"));
  });
  std::string csv;
  for (const char* name : columns) csv.append(csv.empty() ? "" : ",").append(name);
  csv += "\r\n";
  for (const Record* record : view) {
    for (const char* name : columns)
      csv.append(name == columns[0] ? "" : ",").append(csv_cell(text_of(*record, name)));
    csv += "\r\n";
  }
  return answer_text(gzip(csv), "application/x-gzip");
}

}  // namespace

Api ilostat_api() {
  return {.name = "ilostat",
          .host = "ilostat.ilo.org",
          .path = "/data/bulk/*",
          .key = "indicator,ref_area,sex,classif1,time",
          .records = 720,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = download};
}

}  // namespace simulator
