#include <algorithm>
#include <array>
#include <regex>

#include "base/text.hpp"
#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::int64_t page_size = 100;
constexpr std::string_view root = "/api/";
constexpr std::array codes{"WHOSIS_000001", "WHOSIS_000002", "MDG_0000000001",
                           "SA_0000001688", "NCD_BMI_30A",   "HIV_0000000001"};
constexpr std::array sexes{"SEX_BTSX", "SEX_MLE", "SEX_FMLE"};

// Record n of the product of all dimensions, the newest year first.
Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  const std::size_t n = state.keys.size();
  state.keys.insert(std::to_string(n));
  const auto all = countries();
  const Country& country = all[n / codes.size() % all.size()];
  const std::size_t round = n / codes.size() / all.size();
  const auto year = 2021 - static_cast<std::int64_t>(round / sexes.size());
  const bool with_range = one_in(rng, 2), with_age = n % codes.size() == 4;
  const Decimal value = decimal(rng, 100'000, 9'999'999, 5);
  return {{"Id", static_cast<std::int64_t>(10'000 + n)},
          {"IndicatorCode", codes[n % codes.size()]},
          {"SpatialDimType", "COUNTRY"},
          {"SpatialDim", country.iso3},
          {"ParentLocationCode", one_in(rng, 20) ? Value{nullptr} : Value{"EUR"}},
          {"TimeDimType", "YEAR"},
          {"ParentLocation", "Europe"},
          {"Dim1Type", "SEX"},
          {"TimeDim", year},
          {"Dim1", sexes[round % sexes.size()]},
          {"Dim2Type", with_age ? Value{"AGEGROUP"} : Value{nullptr}},
          {"Dim2", with_age ? Value{"AGEGROUP_YEARS18-PLUS"} : Value{nullptr}},
          {"Dim3Type", nullptr},
          {"Dim3", nullptr},
          {"DataSourceDimType", nullptr},
          {"DataSourceDim", nullptr},
          {"Value", with_range ? fmt::format("{} [a–b]", value.text.substr(0, value.text.size() - 4))
                               : value.text.substr(0, value.text.size() - 4)},
          {"NumericValue", one_in(rng, 25) ? Value{nullptr} : Value{value}},
          {"Low", with_range ? Value{decimal(rng, 10'000, 90'000, 5)} : Value{nullptr}},
          {"High", with_range ? Value{decimal(rng, 10'000'000, 90'000'000, 5)} : Value{nullptr}},
          {"Comments", one_in(rng, 9) ? Value{sentence(rng)} : Value{nullptr}},
          {"Date", iso_seconds(state.released)},
          {"TimeDimensionValue", std::to_string(year)},
          {"TimeDimensionBegin", fmt::format("{:04}-01-01T00:00:00Z", year)},
          {"TimeDimensionEnd", fmt::format("{:04}-12-31T00:00:00Z", year)}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}

void change(ApiState& state, Record& record) {
  set(record, "NumericValue", Decimal{fmt::format("{}.{:05}", 100 + state.ticks, state.rng.below(100'000))});
}

Answer odata_error(int status, const std::string& message) {
  return answer_json(
      json_object({{"error", json_object({{"code", json_string("")}, {"message", json_string(message)}})}}),
      status);
}

struct Condition {
  std::string field, comparison;
  std::vector<std::string> values;

  bool holds(const Record& record) const {
    const std::string held = text_of(record, field);
    const auto left = whole_number(held), right = whole_number(values.front());
    if (comparison == "ge") return left && right && *left >= *right;
    if (comparison == "le") return left && right && *left <= *right;
    const bool found = std::find(values.begin(), values.end(), held) != values.end();
    return comparison == "ne" ? !found : found;
  }
};

// "SpatialDim in ('BRA','PRT') and TimeDim ge 2015"; the text of the fault if it is not understood.
std::string parse_filter(const std::string& filter, std::vector<Condition>& conditions) {
  static const std::regex shape(
      R"(\s*(\w+)\s+(in\s*\(([^()]*)\)|(eq|ne|ge|le)\s+('[^']*'|-?\d+))\s*(and\b|$))");
  static const std::regex item(R"('([^']*)'|(-?\d+))");
  static const Record example = [] {
    ApiState state;
    return make(state);
  }();
  auto at = filter.cbegin();
  for (std::smatch part; at != filter.cend(); at = part.suffix().first) {
    if (!std::regex_search(at, filter.cend(), part, shape, std::regex_constants::match_continuous))
      return fmt::format("Syntax error at position {} in '{}'.", at - filter.cbegin(), filter);
    const std::string field = part[1];
    if (std::none_of(example.begin(), example.end(), [&](auto& f) { return f.name == field; }))
      return fmt::format("Could not find a property named '{}' on type 'Default.FACT'.", field);
    Condition condition{field, part[3].matched ? "in" : part[4].str(), {}};
    const std::string list = part[3].matched ? part[3].str() : part[5].str();
    for (std::sregex_iterator value(list.begin(), list.end(), item), end; value != end; ++value)
      condition.values.push_back((*value)[1].matched ? (*value)[1] : (*value)[2]);
    if (condition.values.empty()) return "An empty list is not allowed.";
    conditions.push_back(std::move(condition));
  }
  return "";
}

std::string next_link(const ApiRequest& request, std::int64_t skip, std::int64_t top) {
  std::string url = fmt::format("https://ghoapi.azureedge.net{}?", request.path);
  if (const auto filter = parameter(request, "$filter"))
    url += "$filter=" + base::percent_encode(*filter) + "&";
  if (top >= 0) url += fmt::format("$top={}&", top);
  return fmt::format("{}$skip={}", url, skip);
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string code = request.path.substr(root.size());
  if (std::find(codes.begin(), codes.end(), code) == codes.end())
    return odata_error(404, fmt::format("Resource not found for the segment '{}'.", code));
  std::vector<Condition> conditions;
  if (const std::string fault = parse_filter(parameter(request, "$filter").value_or(""), conditions);
      !fault.empty())
    return odata_error(400, "The query specified in the URI is not valid. " + fault);
  const auto skip = number(request, "$skip", 0), top = number(request, "$top", -1);
  if (!skip || *skip < 0 || !top || (*top < 0 && parameter(request, "$top")))
    return odata_error(400, "The query specified in the URI is not valid. Invalid value for $top or $skip.");

  std::vector<const Record*> matching;
  for (const Record& record : state.records)
    if (text_of(record, "IndicatorCode") == code &&
        std::all_of(conditions.begin(), conditions.end(), [&](auto& c) { return c.holds(record); }))
      matching.push_back(&record);
  const auto total = static_cast<std::int64_t>(matching.size());
  const std::int64_t wanted = *top < 0 ? total : std::min(total, *skip + *top);
  const std::int64_t end = std::min(wanted, *skip + page_size);
  std::vector<std::string> rows;
  for (std::int64_t i = *skip; i < end; ++i)
    rows.push_back(json_fields(*matching[static_cast<std::size_t>(i)]));
  std::vector<JsonMember> members{
      {"@odata.context", json_string("https://ghoapi.azureedge.net/api/$metadata#" + code)},
      {"value", json_array(rows)}};
  if (end < wanted)
    members.emplace_back("@odata.nextLink",
                         json_string(next_link(request, end, *top < 0 ? -1 : wanted - end)));
  return answer_text(json_object(members), "application/json; odata.metadata=minimal; odata.streaming=true");
}

}  // namespace

Api who_gho_api() {
  return {.name = "who_gho",
          .host = "ghoapi.azureedge.net",
          .path = "/api/*",
          .key = "Id",
          .records = 864,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
