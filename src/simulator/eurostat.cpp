#include <algorithm>
#include <array>
#include <map>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/eurostat/api/dissemination/statistics/1.0/data/";

struct Dataset {
  const char* code;
  const char* label;
};
constexpr std::array datasets{
    Dataset{"lfsi_emp_a", "Employment and activity by sex and age – annual data"},
    Dataset{"une_rt_a", "Unemployment by sex and age – annual data"},
    Dataset{"ilc_li02", "At-risk-of-poverty rate by \"poverty\" threshold, age & sex"}};
constexpr std::array<std::pair<const char*, const char*>, 3> sexes{
    {{"F", "Females"}, {"M", "Males"}, {"T", "Total"}}};
constexpr std::array<std::pair<const char*, const char*>, 2> ages{
    {{"Y15-64", "From 15 to 64 years"}, {"Y_GE65", "65 years or over"}}};
constexpr std::array<std::pair<const char*, const char*>, 8> places{
    {{"DE", "Germany"},
     {"EL", "Greece"},
     {"ES", "Spain"},
     {"EU27_2020", "European Union – 27 countries"},
     {"FR", "France"},
     {"IT", "Italy"},
     {"PT", "Portugal"},
     {"TR", "Türkiye"}}};
// In the order of the cube's dimensions, and of their categories.
constexpr std::array<std::pair<const char*, const char*>, 6> dimensions{
    {{"freq", "Time frequency"},
     {"unit", "Unit of measure"},
     {"sex", "Sex"},
     {"age", "Age class"},
     {"geo", "Geopolitical entity (reporting)"},
     {"time", "Time"}}};

// Cell n of all cubes, the newest year first; every eighth or so is missing, as in the real cubes.
Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  std::size_t n = state.keys.size();
  do {
    n = state.keys.size();
    state.keys.insert(std::to_string(n));
  } while (one_in(rng, 8));
  const auto take = [&](const auto& list) -> const auto& {
    const auto& taken = list[n % list.size()];
    n /= list.size();
    return taken;
  };
  const char* dataset = take(datasets).code;
  const char* place = take(places).first;
  const char* sex = take(sexes).first;
  const char* age = take(ages).first;
  static constexpr std::array flags{"b", "e", "p", "u"};
  return {{"dataset", dataset},
          {"freq", "A"},
          {"unit", "PC"},
          {"sex", sex},
          {"age", age},
          {"geo", place},
          {"time", std::to_string(2024 - static_cast<std::int64_t>(n))},
          {"value", decimal(rng, 1, 999, 1)},
          {"status", one_in(rng, 10) ? Value{pick(rng, flags)} : Value{nullptr}}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}

void change(ApiState& state, Record& record) {
  set(record, "value", Decimal{fmt::format("{}.{}", 100 + state.ticks, state.rng.below(10))});
}

std::string label_of(const std::string& dimension, const std::string& category) {
  const auto in = [&](const auto& list) {
    const auto found = std::find_if(list.begin(), list.end(), [&](auto& c) { return category == c.first; });
    return found == list.end() ? category : std::string(found->second);
  };
  return dimension == "sex"    ? in(sexes)
         : dimension == "age"  ? in(ages)
         : dimension == "geo"  ? in(places)
         : dimension == "freq" ? "Annual"
         : dimension == "unit" ? "Percentage"
                               : category;
}

Answer failure(int status, const std::string& label) {
  const std::string error =
      json_object({{"status", std::to_string(status)}, {"id", "100"}, {"label", json_string(label)}});
  return answer_json(json_object({{"error", json_array({error})}}), status);
}

using Cube = std::map<std::string, std::vector<std::string>>;  // dimension → its categories in order

std::string dimension_json(const Cube& cube) {
  std::vector<JsonMember> members;
  for (const auto& [id, label] : dimensions) {
    std::vector<JsonMember> index, labels;
    const auto& categories = cube.at(id);
    for (std::size_t i = 0; i < categories.size(); ++i) {
      index.emplace_back(categories[i], std::to_string(i));
      labels.emplace_back(categories[i], json_string(label_of(id, categories[i])));
    }
    members.emplace_back(id, json_object({{"label", json_string(label)},
                                          {"category", json_object({{"index", json_object(index)},
                                                                    {"label", json_object(labels)}})}}));
  }
  return json_object(members);
}

// Mixed radix: the last dimension varies fastest.
std::size_t cell(const Cube& cube, const Record& record) {
  std::size_t at = 0;
  for (const auto& [id, label] : dimensions) {
    const auto& categories = cube.at(id);
    const auto found = std::find(categories.begin(), categories.end(), text_of(record, id));
    at = at * categories.size() + static_cast<std::size_t>(found - categories.begin());
  }
  return at;
}

std::string dataset_json(const ApiState& state, const Dataset& dataset,
                         const std::vector<const Record*>& cells) {
  Cube cube;
  std::vector<std::string> ids, sizes;
  for (const auto& [id, label] : dimensions) {
    std::vector<std::string>& categories = cube[id];
    for (const Record* record : cells) categories.push_back(text_of(*record, id));
    std::sort(categories.begin(), categories.end());
    categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
    ids.push_back(json_string(id));
    sizes.push_back(std::to_string(categories.size()));
  }
  std::map<std::size_t, const Record*> by_cell;
  for (const Record* record : cells) by_cell[cell(cube, *record)] = record;
  std::vector<std::string> names;  // JsonMember holds views of them
  names.reserve(by_cell.size());
  std::vector<JsonMember> values, flags;
  for (const auto& [at, record] : by_cell) {
    names.push_back(std::to_string(at));
    values.emplace_back(names.back(), json(*record, "value"));
    if (!text_of(*record, "status").empty()) flags.emplace_back(names.back(), json(*record, "status"));
  }
  std::vector<JsonMember> members{{"version", json_string("2.0")},
                                  {"class", json_string("dataset")},
                                  {"label", json_string(dataset.label)},
                                  {"source", json_string("ESTAT")},
                                  {"updated", json_string(iso_day(state.released) + "T23:00:00+0200")},
                                  {"value", json_object(values)}};
  if (!flags.empty()) members.emplace_back("status", json_object(flags));
  members.emplace_back("id", json_array(ids));
  members.emplace_back("size", json_array(sizes));
  members.emplace_back("dimension", dimension_json(cube));
  return json_object(members);
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string code = request.path.substr(root.size());
  const auto dataset =
      std::find_if(datasets.begin(), datasets.end(), [&](auto& d) { return code == d.code; });
  if (dataset == datasets.end())
    return failure(404, "ERR_NOT_FOUND_4: The requested resource is not available: " + code);
  static constexpr std::array other{
      "format", "lang", "sinceTimePeriod", "untilTimePeriod", "freq", "unit", "sex", "age", "geo", "time"};
  for (const auto& [name, value] : request.query)
    if (std::find(other.begin(), other.end(), name) == other.end())
      return failure(400,
                     fmt::format("Invalid query parameter: '{}' is not a dimension of the dataset", name));
  if (parameter(request, "format").value_or("JSON") != "JSON")
    return failure(400, "ERR_FORMAT: only format=JSON is simulated");
  const std::string since = parameter(request, "sinceTimePeriod").value_or("");
  const std::string until = parameter(request, "untilTimePeriod").value_or("9999");

  std::vector<const Record*> cells;
  for (const Record& record : state.records) {
    const std::string time = text_of(record, "time");
    bool wanted = text_of(record, "dataset") == code && since <= time && time <= until;
    for (const auto& [id, label] : dimensions) {
      const auto allowed = parameters(request, id);
      wanted = wanted && (allowed.empty() ||
                          std::find(allowed.begin(), allowed.end(), text_of(record, id)) != allowed.end());
    }
    if (wanted) cells.push_back(&record);
  }
  return answer_text(dataset_json(state, *dataset, cells), "application/json");
}

}  // namespace

Api eurostat_api() {
  return {.name = "eurostat",
          .host = "ec.europa.eu",
          .path = "/eurostat/api/dissemination/statistics/1.0/data/*",
          .key = "dataset,unit,sex,age,geo,time",
          .records = 600,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
