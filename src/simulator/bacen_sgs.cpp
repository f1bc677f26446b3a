// api.bcb.gov.br/dados/serie/bcdata.sgs.CODE/dados: dates as dd/mm/yyyy, values as text. A daily series wants
// dataInicial, and no more than ten years at once.
#include <array>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view root = "/dados/serie/bcdata.sgs.";

struct Series {
  const char* code;
  bool daily;
  std::int64_t low, high;
  int digits;
};
constexpr std::array all_series{Series{"1", true, 48'000, 62'000, 4},   // US dollar, sale
                                Series{"11", true, 39'000, 55'200, 6},  // Selic, % a day
                                Series{"433", false, -68, 162, 2}};     // IPCA, % a month
constexpr sys_days first_day = std::chrono::year{2025} / 1 / 6;         // a Monday
constexpr year_month_day first_month = std::chrono::year{2015} / 7 / 1;

const Series* series_of(std::string_view code) {
  const auto found =
      std::find_if(all_series.begin(), all_series.end(), [&](auto& s) { return s.code == code; });
  return found == all_series.end() ? nullptr : &*found;
}

Value measured(base::Rng& rng, const Series& series) {
  return decimal(rng, series.low, series.high, series.digits);
}

// The series take turns, each with its next working day or month.
Record make(ApiState& state) {
  const std::size_t i = state.keys.size();
  const Series& series = all_series[i % all_series.size()];
  const auto n = static_cast<int>(i / all_series.size());
  const sys_days date =
      series.daily ? first_day + days{n / 5 * 7 + n % 5} : sys_days{first_month + months{n}};
  state.keys.insert(std::to_string(i));
  return {{"series_code", *whole_number(series.code)},
          {"date", iso_day(date)},
          {"value", measured(state.rng, series)}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) {
  const std::string old = text_of(record, "value");
  do set(record, "value", measured(state.rng, *series_of(text_of(record, "series_code"))));
  while (text_of(record, "value") == old);
}

std::string day_first(const std::string& iso) {
  return iso.size() < 10 ? iso : iso.substr(8, 2) + "/" + iso.substr(5, 2) + "/" + iso.substr(0, 4);
}

std::string row(const Record& record) {
  return json_object({{"data", json_string(day_first(text_of(record, "date")))},
                      {"valor", json_string(text_of(record, "value"))}});
}

std::optional<sys_days> parse_day(const std::string& text) {
  if (text.size() != 10 || text[2] != '/' || text[5] != '/') return std::nullopt;
  const auto day = base::parse_date(text.substr(6) + "-" + text.substr(3, 2) + "-" + text.substr(0, 2));
  return day ? std::optional(sys_days{*day}) : std::nullopt;
}

Answer too_long() {
  return answer_json(
      json_object(
          {{"error", json_string("O sistema aceita uma janela de consulta de, no máximo, 10 anos em séries "
                                 "de periodicidade diária")},
           {"message", json_string("Para acessar uma série de periodicidade diária, é necessário informar a "
                                   "dataInicial, no formato dd/mm/aaaa")}}),
      406);
}
Answer bad(int status, const std::string& detail) {
  return answer_json(
      json_object({{"erro", json_object({{"statusCode", std::to_string(status)},
                                         {"detail", json_string("SGSNegocioException: " + detail)}})}}),
      status);
}

Answer query(const ApiState& state, const ApiRequest& request) {
  const std::string rest = request.path.substr(root.size());  // "433/dados", "433/dados/ultimos/5"
  const std::string code = rest.substr(0, rest.find('/')), tail = rest.substr(code.size());
  const Series* series = series_of(code);
  const std::string_view latest = "/dados/ultimos/";
  if (series == nullptr || (tail != "/dados" && !tail.starts_with(latest)))
    return bad(404, "Série " + code + " não encontrada");
  if (lower(parameter(request, "formato").value_or("json")) != "json") return bad(400, "formato inválido");
  View view =
      select(state.records, [&](const Record& record) { return text_of(record, "series_code") == code; });
  sort_by(view, [](const Record& record) { return text_of(record, "date"); });
  if (tail != "/dados") {
    const auto count = whole_number(tail.substr(latest.size()));
    if (!count || *count < 1 || *count > 20) return bad(400, "A quantidade máxima de valores deve ser 20");
    return answer_json(
        json_rows(page_of(view, std::max<std::int64_t>(0, size_of(view) - *count), *count), row));
  }

  const auto first = parameter(request, "dataInicial"), last = parameter(request, "dataFinal");
  const auto from = first ? parse_day(*first) : std::optional(sys_days{std::chrono::year{1900} / 1 / 1});
  const auto until = last ? parse_day(*last) : std::optional(sys_days{std::chrono::year{9999} / 12 / 31});
  if (!from || !until) return bad(400, "Data inválida: use o formato dd/MM/yyyy");
  if (*until < *from) return bad(400, "A data inicial deve ser anterior à data final");
  const sys_days ten_years_on{year_month_day{*from} + std::chrono::years{10}};
  const sys_days today = std::chrono::floor<days>(state.released);
  if (series->daily && (!first || (last ? *until : today) > ten_years_on)) return too_long();
  const std::string low = iso_day(*from), high = iso_day(*until);
  std::erase_if(view, [&](const Record* record) {
    const std::string date = text_of(*record, "date");
    return date < low || date > high;
  });
  if (view.empty())
    return answer_json(
        R"({"error":"SGSNegocioException: Value(s) not found","message":"Value(s) not found"})", 404);
  return answer_json(json_rows(view, row));
}

}  // namespace

Api bacen_sgs_api() {
  return {.name = "bacen_sgs",
          .host = "api.bcb.gov.br",
          .path = "/dados/serie/bcdata.sgs.*",
          .key = "series_code,date",
          .records = 360,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = query};
}

}  // namespace simulator
