// apisidra.ibge.gov.br/values/t/TABLE/n1/all/p/PERIODS/v/VARIABLES: row 0 names the columns; dimensions come
// in the order of the path; "...", ".." and "X" stand for values that are not there (null in the truth), "-"
// for an exact zero.
#include <array>

#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/values/";

struct Variable {
  const char* table;
  const char* code;
  const char* name;
  const char* unit_code;
  const char* unit;
  std::int64_t low, high;
};
constexpr std::array variables{
    Variable{"1737", "2266", "IPCA - Número-índice (base: dezembro de 1993 = 100)", "30", "Número-índice",
             650'000, 740'000},
    Variable{"1737", "63", "IPCA - Variação mensal", "2", "%", -68, 162},
    Variable{"1737", "69", "IPCA - Variação acumulada no ano", "2", "%", -10, 1100},
    Variable{"1737", "2265", "IPCA - Variação acumulada em 12 meses", "2", "%", 200, 1200},
    Variable{"6381", "4099", "Taxa de desocupação, na semana de referência, das pessoas de 14 anos ou mais",
             "2", "%", 500, 1490},
    Variable{"6381", "8529", "Média móvel \"trimestral\" da taxa de desocupação", "2", "%", 500, 1490}};
constexpr std::array month_names{"janeiro", "fevereiro", "março",    "abril",   "maio",     "junho",
                                 "julho",   "agosto",    "setembro", "outubro", "novembro", "dezembro"};
constexpr std::array missing{"...", "..", "X"};
constexpr std::size_t first_year = 2020;

Value measured(base::Rng& rng, const Variable& variable) {
  return decimal(rng, variable.low, variable.high, 2);
}
Value measured_or_not(base::Rng& rng, const Variable& variable) {
  if (one_in(rng, 12)) return nullptr;
  return one_in(rng, 30) ? Value{Decimal{"0"}} : measured(rng, variable);
}

// All variables of a month, then the next month.
Record make(ApiState& state) {
  const std::size_t i = state.keys.size(), month = i / variables.size();
  const Variable& variable = variables[i % variables.size()];
  state.keys.insert(std::to_string(i));
  const std::size_t year = first_year + month / 12;
  return {{"table_code", variable.table},
          {"territory_code", "1"},
          {"territory_name", "Brasil"},
          {"period_code", fmt::format("{}{:02}", year, month % 12 + 1)},
          {"period_name", fmt::format("{} {}", month_names[month % 12], year)},
          {"variable_code", variable.code},
          {"variable_name", variable.name},
          {"unit_code", variable.unit_code},
          {"unit", variable.unit},
          {"value", measured_or_not(state.rng, variable)}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) {
  const auto code = text_of(record, "variable_code"), old = text_of(record, "value");
  const auto own =
      std::find_if(variables.begin(), variables.end() - 1, [&](auto& v) { return v.code == code; });
  do set(record, "value", measured(state.rng, *own));
  while (text_of(record, "value") == old);
}

using Dimension = std::pair<std::string_view, std::string_view>;  // title, prefix of the fields

std::string row(const Record& record, const std::vector<Dimension>& dimensions) {
  const std::string value = text_of(record, "value");
  const std::string mark =
      missing[(number_of(record, "period_code") + number_of(record, "variable_code")) % 3];
  std::vector<JsonMember> members{{"NC", json(record, "territory_code")},
                                  {"NN", json(record, "territory_name")},
                                  {"MC", json(record, "unit_code")},
                                  {"MN", json(record, "unit")},
                                  {"V", json_string(value.empty()  ? mark
                                                    : value == "0" ? "-"
                                                                   : value)}};
  constexpr std::array<std::array<const char*, 2>, 3> names{{{"D1C", "D1N"}, {"D2C", "D2N"}, {"D3C", "D3N"}}};
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    members.emplace_back(names[i][0],
                         json_string(text_of(record, std::string(dimensions[i].second) + "_code")));
    members.emplace_back(names[i][1],
                         json_string(text_of(record, std::string(dimensions[i].second) + "_name")));
  }
  return json_object(members);
}

std::string header_row(const std::vector<Dimension>& dimensions) {
  Record titles{{"table_code", ""},
                {"territory_code", "Nível Territorial (Código)"},
                {"territory_name", "Nível Territorial"},
                {"unit_code", "Unidade de Medida (Código)"},
                {"unit", "Unidade de Medida"},
                {"value", "Valor"},
                {"period_code", ""},
                {"variable_code", ""}};
  std::string out = row(titles, {});
  out.pop_back();
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    out += fmt::format(",\"D{0}C\":\"{1} (Código)\",\"D{0}N\":\"{1}\"", i + 1, dimensions[i].first);
  return out + "}";
}

// "all", "last 12", "first 3", "202401-202406", "202401,202405"
bool wants_period(const std::vector<std::string>& known, const std::string& period,
                  const std::string& wanted) {
  if (wanted == "all") return true;
  const auto position = std::lower_bound(known.begin(), known.end(), period) - known.begin();
  const auto size = static_cast<std::ptrdiff_t>(known.size());
  if (wanted.starts_with("last"))
    return position >= size - whole_number(wanted.substr(wanted.find(' ') + 1)).value_or(1);
  if (wanted.starts_with("first"))
    return position < whole_number(wanted.substr(wanted.find(' ') + 1)).value_or(1);
  for (const std::string& part : split(wanted, ",")) {
    const auto ends = split(part, "-");
    if (ends.front() <= period && period <= ends.back()) return true;
  }
  return false;
}

Answer bad(const std::string& message) { return answer_text(message, "text/html; charset=utf-8", 400); }

Answer query(const ApiState& state, const ApiRequest& request) {
  const auto parts = split(std::string_view(request.path).substr(root.size()), "/");
  std::string table, periods = "last 1", wanted_variables = "allxp";
  std::vector<Dimension> dimensions;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::string name = lower(parts[i]), value = lower(parts[i + 1]);
    if (name == "t") {
      table = value;
    } else if (name == "n1" && (value == "all" || value == "1")) {
      dimensions.emplace_back("Brasil", "territory");
    } else if (name == "p") {
      periods = value;
      dimensions.emplace_back(table == "6381" ? "Trimestre Móvel" : "Mês", "period");
    } else if (name == "v") {
      wanted_variables = value;
      dimensions.emplace_back("Variável", "variable");
    } else {
      return bad("Parâmetro " + parts[i] + " - valor inválido: " + parts[i + 1]);
    }
  }
  if (parts.size() % 2 != 0 || dimensions.size() != 3) return bad("Número de parâmetros inválido");
  View view =
      select(state.records, [&](const Record& record) { return text_of(record, "table_code") == table; });
  if (view.empty()) return bad("Tabela " + table + " - Tabela inexistente");

  std::vector<std::string> known;
  for (const Record* record : view) known.push_back(text_of(*record, "period_code"));
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const auto codes = split(wanted_variables, ",");
  std::erase_if(view, [&](const Record* record) {
    return !wants_period(known, text_of(*record, "period_code"), periods) ||
           (!wanted_variables.starts_with("all") &&
            std::find(codes.begin(), codes.end(), text_of(*record, "variable_code")) == codes.end());
  });
  sort_by(view, [](const Record& record) {
    return std::pair(text_of(record, "period_code"), number_of(record, "variable_code"));
  });
  std::vector<std::string> rows{header_row(dimensions)};
  for (const Record* record : view) rows.push_back(row(*record, dimensions));
  return answer_json(json_array(rows));
}

}  // namespace

Api ibge_sidra_api() {
  return {.name = "ibge_sidra",
          .host = "apisidra.ibge.gov.br",
          .path = "/values/*",
          .key = "table_code,territory_code,period_code,variable_code",
          .records = 396,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = query};
}

}  // namespace simulator
