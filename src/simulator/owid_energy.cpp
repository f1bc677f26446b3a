// Our World in Data, energy: one CSV file with a line for each country and year, many cells empty.
#include <array>

#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

constexpr std::size_t years = 25;
constexpr std::int64_t last_year = 2024;

struct Measure {
  const char* name;
  std::int64_t high;
  int digits;
};
constexpr std::array measures{
    Measure{"carbon_intensity_elec", 900'000, 3},    Measure{"electricity_demand", 9'000'000, 2},
    Measure{"electricity_generation", 9'000'000, 2}, Measure{"energy_per_capita", 90'000'000, 3},
    Measure{"fossil_share_energy", 100'000, 3},      Measure{"greenhouse_gas_emissions", 600'000, 2},
    Measure{"net_elec_imports", 90'000, 3},          Measure{"primary_energy_consumption", 40'000'000, 3},
    Measure{"renewables_share_elec", 100'000, 3},    Measure{"solar_electricity", 90'000, 2},
    Measure{"wind_electricity", 90'000, 2}};
// Groups have no code; some names need quotes in CSV.
constexpr std::array others{Country{"", "", "ASEAN (Ember)"}, Country{"", "COD", "Congo, Dem. Rep."},
                            Country{"", "", "Asia Pacific (EI)"}, Country{"", "CUW", "Curaçao"},
                            Country{"", "VIR", "Virgin Islands, \"U.S.\""}};

Value measured(base::Rng& rng, const Measure& measure) {
  if (one_in(rng, 3)) return nullptr;
  const bool negative = std::string_view(measure.name) == "net_elec_imports";
  return decimal(rng, negative ? -measure.high : 0, measure.high, measure.digits);
}

// All years of a country, then the next country; when all have had their turn, the years before.
Record make(ApiState& state) {
  const std::size_t i = state.keys.size(), all = others.size() + countries().size(), place = i / years % all;
  const Country& country = place < others.size() ? others[place] : countries()[place - others.size()];
  const auto year = last_year - static_cast<std::int64_t>(i % years + i / (years * all) * years);
  base::Rng& rng = state.rng;
  state.keys.insert(std::to_string(i));
  Record record{{"country", country.name},
                {"year", year},
                {"iso_code", *country.iso3 == '\0' ? Value{nullptr} : Value{country.iso3}},
                {"population", one_in(rng, 10) ? Value{nullptr} : Value{rng.between(20'000, 1'450'000'000)}},
                {"gdp", one_in(rng, 3) ? Value{nullptr} : Value{decimal(rng, 1, 9'000'000'000'000, 1)}}};
  for (const Measure& measure : measures) record.push_back({measure.name, measured(rng, measure)});
  return record;
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) {
  const Measure& measure = pick(state.rng, measures);
  const std::string old = text_of(record, measure.name);
  do set(record, measure.name, measured(state.rng, measure));
  while (text_of(record, measure.name) == old || text_of(record, measure.name).empty());
}

std::string body(const ApiState& state) {
  View view = select(state.records, [](const Record&) { return true; });
  sort_by(view, [](const Record& record) {
    return std::pair(text_of(record, "country"), number_of(record, "year"));
  });
  std::vector<std::string> names{"country", "year", "iso_code", "population", "gdp"};
  for (const Measure& measure : measures) names.emplace_back(measure.name);
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ",").append(name);
  out += '\n';
  for (const Record* record : view) {
    for (std::size_t i = 0; i < names.size(); ++i)
      out.append(i == 0 ? "" : ",").append(csv_cell(text_of(*record, names[i])));
    out += '\n';
  }
  return out;
}

}  // namespace

Api owid_energy_api() {
  return {.name = "owid_energy",
          .host = "raw.githubusercontent.com",
          .path = "/owid/energy-data/master/owid-energy-data.csv",
          .key = "country,year",
          .content_type = "text/plain; charset=utf-8",
          .records = 650,
          .generate = generate,
          .make = make,
          .change = change,
          .body = body};
}

}  // namespace simulator
