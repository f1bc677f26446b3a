// api.worldbank.org/v2/country/all/indicator/CODE: [meta, rows], countries by name, the latest year first.
// A fault in the request is told with status 200. Without format=json it answers in XML.
#include <array>

#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/v2/country/all/indicator/";
constexpr std::int64_t last_year = 2024, years = 10;

struct Indicator {
  const char* code;
  const char* name;
  std::int64_t low, high;
  int digits;
};
constexpr std::array indicators{
    Indicator{"SP.POP.TOTL", "Population, total", 60'000, 1'500'000'000, 0},
    Indicator{"NY.GDP.PCAP.CD", "GDP per capita (current US$)", 30'000'000'000, 12'000'000'000'000, 8},
    Indicator{"SL.UEM.TOTL.ZS", "Unemployment, total (% of total labor force) (modeled ILO estimate)", 300,
              31'000, 3}};
constexpr std::array aggregates{Country{"ZH", "AFE", "Africa Eastern and Southern"},
                                Country{"1W", "WLD", "World"}};

Value measured(base::Rng& rng, const Indicator& indicator) {
  if (one_in(rng, 9)) return nullptr;
  if (indicator.digits == 0) return Decimal{std::to_string(rng.between(indicator.low, indicator.high))};
  return decimal(rng, indicator.low, indicator.high, indicator.digits);
}

const Indicator& indicator_of(std::string_view code) {
  return *std::find_if(indicators.begin(), indicators.end() - 1, [&](auto& i) { return i.code == code; });
}

// Key after key: all indicators and years of a country, then the next country; when all have had their turn,
// the ten years before.
Record make(ApiState& state) {
  const std::size_t i = state.keys.size(), of_country = indicators.size() * years;
  const std::size_t places = aggregates.size() + countries().size(), place = i / of_country % places;
  const Country& country =
      place < aggregates.size() ? aggregates[place] : countries()[place - aggregates.size()];
  const Indicator& indicator = indicators[i % indicators.size()];
  const auto year = last_year - static_cast<std::int64_t>(i % of_country / indicators.size()) -
                    years * static_cast<std::int64_t>(i / (of_country * places));
  state.keys.insert(std::to_string(i));
  return {{"indicator_code", indicator.code},
          {"indicator_name", indicator.name},
          {"country_code", country.iso3},
          {"country_iso2", country.iso2},
          {"country_name", country.name},
          {"year", year},
          {"value", measured(state.rng, indicator)},
          {"unit", ""},
          {"obs_status", ""},
          {"decimal", std::int64_t{indicator.digits == 3 ? 1 : 0}}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) {
  const Indicator& indicator = indicator_of(text_of(record, "indicator_code"));
  const std::string old = text_of(record, "value");
  do set(record, "value", measured(state.rng, indicator));
  while (text_of(record, "value") == old || text_of(record, "value").empty());
}

std::string json_row(const Record& record) {
  return json_object(
      {{"indicator",
        json_object({{"id", json(record, "indicator_code")}, {"value", json(record, "indicator_name")}})},
       {"country",
        json_object({{"id", json(record, "country_iso2")}, {"value", json(record, "country_name")}})},
       {"countryiso3code", json(record, "country_code")},
       {"date", json_string(text_of(record, "year"))},
       {"value", json(record, "value")},
       {"unit", json(record, "unit")},
       {"obs_status", json(record, "obs_status")},
       {"decimal", json(record, "decimal")}});
}

std::string xml_row(const Record& record) {
  const auto text = [&](std::string_view field) { return xml_escape(text_of(record, field)); };
  return fmt::format(
      "  <wb:data>\n    <wb:indicator id=\"{}\">{}</wb:indicator>\n    <wb:country "
      "id=\"{}\">{}</wb:country>\n"
      "    <wb:countryiso3code>{}</wb:countryiso3code>\n    <wb:date>{}</wb:date>\n    "
      "<wb:value>{}</wb:value>\n"
      "    <wb:unit />\n    <wb:obs_status />\n    <wb:decimal>{}</wb:decimal>\n  </wb:data>\n",
      text("indicator_code"), text("indicator_name"), text("country_iso2"), text("country_name"),
      text("country_code"), text("year"), text("value"), text("decimal"));
}

Answer wrong_value(bool as_json) {
  constexpr std::string_view text = "The provided parameter value is not valid";
  if (!as_json)
    return answer_text(fmt::format("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<wb:error "
                                   "xmlns:wb=\"http://www.worldbank.org\">\n  <wb:message id=\"120\" "
                                   "key=\"Invalid value\">{}</wb:message>\n</wb:error>",
                                   text),
                       "text/xml; charset=utf-8");
  return answer_json(
      fmt::format(R"([{{"message":[{{"id":"120","key":"Invalid value","value":"{}"}}]}}])", text));
}

// "2020", "2015:2024"; an empty text is every year.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_years(const std::string& text) {
  if (text.empty()) return std::pair<std::int64_t, std::int64_t>{0, 9999};
  const auto parts = split(text, ":");
  const auto first = whole_number(parts.front()), last = whole_number(parts.back());
  if (parts.size() > 2 || !first || !last) return std::nullopt;
  return std::minmax(*first, *last);
}

Answer query(const ApiState& state, const ApiRequest& request) {
  const bool as_json = lower(parameter(request, "format").value_or("xml")) == "json";
  const std::string code = request.path.substr(root.size());
  const auto page = number(request, "page", 1), size = number(request, "per_page", 50);
  const auto wanted = parse_years(parameter(request, "date").value_or(""));
  const bool known = std::any_of(indicators.begin(), indicators.end(),
                                 [&](auto& indicator) { return indicator.code == code; });
  if (!known || !page || *page < 1 || !size || *size < 1 || *size > 32'500 || !wanted)
    return wrong_value(as_json);

  View view = select(state.records, [&](const Record& record) {
    const std::int64_t year = number_of(record, "year");
    return text_of(record, "indicator_code") == code && year >= wanted->first && year <= wanted->second;
  });
  sort_by(view, [](const Record& record) {
    return std::pair(text_of(record, "country_name"), -number_of(record, "year"));
  });
  const std::int64_t total = size_of(view), count = pages(total, *size);
  const std::string updated = iso_day(state.released);
  const Page rows = page_of(view, *page > count ? total : (*page - 1) * *size, *size);
  if (!as_json) {
    std::string text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<wb:data page=\"{}\" pages=\"{}\" per_page=\"{}\" "
        "total=\"{}\" "
        "sourceid=\"2\" lastupdated=\"{}\" xmlns:wb=\"http://www.worldbank.org\">\n",
        *page, count, *size, total, updated);
    for (const Record* record : rows) text += xml_row(*record);
    return answer_text(text + "</wb:data>", "text/xml; charset=utf-8");
  }
  const std::string meta = json_object({{"page", std::to_string(total == 0 ? 0 : *page)},
                                        {"pages", std::to_string(count)},
                                        {"per_page", std::to_string(total == 0 ? 0 : *size)},
                                        {"total", std::to_string(total)},
                                        {"sourceid", total == 0 ? "null" : "\"2\""},
                                        {"lastupdated", total == 0 ? "null" : json_string(updated)}});
  return answer_json(json_array({meta, total == 0 ? "null" : json_rows(rows, json_row)}));
}

}  // namespace

Api worldbank_api() {
  return {.name = "worldbank",
          .host = "api.worldbank.org",
          .path = "/v2/country/all/indicator/*",
          .key = "indicator_code,country_code,year",
          .records = 600,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = query};
}

}  // namespace simulator
