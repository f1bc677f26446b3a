#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::string_view root = "/tech-conferences/conference-data/main/conferences/";
constexpr std::array<std::int64_t, 2> years{2024, 2025};
constexpr std::array cities{"São Paulo", "Kraków", "Lisbon", "Montréal", "Sandusky, OH", "Zürich", "東京"};

Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  const std::int64_t year = pick(rng, years);
  const std::string subject = company(rng);
  const std::string name = unused(state, [&] {
    return fmt::format("{} Conf{}", subject, one_in(rng, 2) ? "" : fmt::format(" #{}", rng.below(10'000)));
  });
  const auto day = base::WallTime{std::chrono::sys_days{std::chrono::year{static_cast<int>(year)} / 1 / 5}} +
                   std::chrono::hours{24 * rng.between(0, 350)};
  const bool online = one_in(rng, 6), on_site = !online || one_in(rng, 5);
  const auto perhaps = [&](std::uint64_t missing_one_in, const std::string& text) {
    return one_in(rng, missing_one_in) ? Value{nullptr} : Value{text};
  };
  const std::string site = fmt::format("https://{}.example", slug(name));
  return {{"year", year},
          {"name", name},
          {"url", site + "/"},
          {"startDate", iso_day(day)},
          {"endDate", perhaps(15, iso_day(day + std::chrono::hours{24 * rng.between(0, 3)}))},
          {"city", on_site ? Value{pick(rng, cities)} : Value{nullptr}},
          {"country", on_site ? Value{pick(rng, countries()).name} : Value{nullptr}},
          {"online", online},
          {"locales", one_in(rng, 7) ? "EN,PT" : "EN"},
          {"cocUrl", perhaps(4, site + "/conduct")},
          {"cfpUrl", perhaps(3, site + "/talks?from=list&\"x\"=1")},
          {"cfpEndDate", perhaps(3, iso_day(day - std::chrono::hours{24 * 90}))},
          {"twitter", perhaps(3, "@" + slug(subject))}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}
void change(ApiState& state, Record& record) { revise(state, record, "locales"); }

// Indented by two; what is null is left out.
Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string rest = request.path.substr(root.size());
  const std::string year = rest.substr(0, 4);
  if (rest != year + "/general.json" || (year != "2024" && year != "2025"))
    return answer_text("404: Not Found", "text/plain; charset=utf-8", 404);
  std::string out;
  for (const Record& record : state.records) {
    if (text_of(record, "year") != year) continue;
    std::string members;
    for (const Field& field : record)
      if (field.name != "year" && !std::holds_alternative<std::nullptr_t>(field.value))
        members.append(members.empty() ? "\n    " : ",\n    ")
            .append(json_string(field.name) + ": " + json(field.value));
    out.append(out.empty() ? "\n  {" : ",\n  {").append(members).append("\n  }");
  }
  return answer_text("[" + out + "\n]\n", "text/plain; charset=utf-8");
}

}  // namespace

Api conferences_api() {
  return {.name = "conferences",
          .host = "raw.githubusercontent.com",
          .path = "/tech-conferences/conference-data/main/conferences/*",
          .key = "name,startDate",
          .records = 400,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
