#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

using std::chrono::hours;

constexpr std::string_view codes =
    "USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD "
    "CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP FOK GBP GEL GGP GHS GIP GMD "
    "GNF "
    "GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD JPY KES KGS KHR KID KMF KRW KWD KYD "
    "KZT "
    "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
    "OMR "
    "PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL "
    "THB "
    "TJS TMT TND TOP TRY TTD TVD TWD TZS UAH UGX UYU UZS VES VND VUV WST XAF XCD XDR XOF XPF YER ZAR ZMW ZWL";

// One publication: all rates have its time, and a tick leaves that alone, so that it changes just what it
// says. The real service moves it daily, together with most rates.
Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  const std::size_t n = state.keys.size();
  std::string code = n * 4 < codes.size() ? std::string(codes.substr(n * 4, 3)) : "";
  if (!code.empty()) state.keys.insert(code);
  if (code.empty())
    code = unused(state, [&] {
      const std::size_t a = rng.below(26), b = rng.below(26), c = rng.below(26);
      return fmt::format("{:c}{:c}{:c}", 'A' + a, 'A' + b, 'A' + c);
    });
  const auto day = std::chrono::floor<std::chrono::days>(state.released);
  const std::string published = state.records.empty() ? iso_seconds(day + std::chrono::seconds{151})
                                                      : text_of(state.records[0], "updated_at");
  const int digits = one_in(rng, 9) ? 6 : 4;
  return {{"base_code", "USD"},
          {"currency_code", code},
          {"rate", n == 0 ? Value{std::int64_t{1}}
                          : Value{decimal(rng, 1, one_in(rng, 3) ? 99'999'999 : 30'000, digits)}},
          {"updated_at", published}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}

void change(ApiState& state, Record& record) {
  set(record, "rate", Decimal{fmt::format("{}.{:04}", 20'000 + state.ticks, state.rng.below(10'000))});
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  if (request.path != "/v6/latest/USD")
    return answer_text(
        json_object({{"result", json_string("error")}, {"error-type", json_string("unsupported-code")}}),
        "application/json", 404);
  std::vector<std::string> names;  // JsonMember holds views of them
  names.reserve(state.records.size());
  std::vector<JsonMember> rates;
  for (const Record& record : state.records) {
    names.push_back(text_of(record, "currency_code"));
    rates.emplace_back(names.back(), json(record, "rate"));
  }
  std::vector<JsonMember> members{
      {"result", json_string("success")},
      {"provider", json_string("https://www.exchangerate-api.com")},
      {"documentation", json_string("https://www.exchangerate-api.com/docs/free")},
      {"terms_of_use", json_string("https://www.exchangerate-api.com/terms")}};
  if (!state.records.empty()) {
    const Record& first = state.records[0];
    members.emplace_back("time_last_update_unix", unix_of(first, "updated_at"));
    members.emplace_back("time_last_update_utc", json_string(rfc822_of(first, "updated_at")));
  }
  members.emplace_back("time_next_update_unix", std::to_string(unix_seconds(state.released + hours{24})));
  members.emplace_back("time_next_update_utc", json_string(rfc822(state.released + hours{24})));
  members.emplace_back("time_eol_unix", "0");
  members.emplace_back("base_code", json_string("USD"));
  members.emplace_back("rates", json_object(rates));
  return answer_text(json_object(members), "application/json");
}

}  // namespace

Api exchange_rates_api() {
  return {.name = "exchange_rates",
          .host = "open.er-api.com",
          .path = "/v6/latest/*",
          .key = "currency_code",
          .records = (codes.size() + 1) / 4,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
