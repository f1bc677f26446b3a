// The words, names and countries behind api_tools.hpp.
#include <array>
#include <iterator>

#include "simulator/api_tools.hpp"

namespace simulator {
namespace {

constexpr std::array first_names{"Zoë",   "Luís",  "Amélie", "Jürgen", "Ngozi",  "Søren", "Mei",     "Łukasz",
                                 "Aisha", "Renée", "Tomás",  "Ingrid", "久美子", "Noor",  "Pádraig", "Éva"};
constexpr std::array last_names{"O'Brien",  "Ferreira", "Nakamura", "Müller-Lüdenscheidt",
                                "Okafor",   "Ångström", "García",   "Lindqvist",
                                "Żukowski", "D’Angelo", "Haddad",   "Novák",
                                "Smith"};
constexpr std::array company_words{"Acorvia",  "Brightloom", "Käßmann",    "Corvid",    "Delphine",
                                   "Łąka",     "Everquill",  "Fjordström", "Gatehouse", "Halcyon",
                                   "Ironfern", "ミナト",     "Juniperra",  "Kestrel",   "Lumenfold",
                                   "Mosswire", "Nordhavn",   "Río Claro"};
constexpr std::array company_ends{"Labs", "& Sons", "Systems", "\"Pro\" GmbH",
                                  "AI",   "S.A.",   "<Works>", "Data"};
constexpr std::array verbs{"Rewrites",     "Raises $40M for", "Opens",      "Doubts",   "Maps",
                           "Open-Sources", "Sells",           "Can’t Stop", "Rebuilds", "Measures"};
constexpr std::array subjects{
    "Shipping",     "Protein Design",     "the “Quiet” Web",        "Urban Farming",
    "Café Robots",  "Satellites & Ships", "Deep Learning",          "Crop Insurance",
    "Naïve Bayes",  "Batteries",          "Speech in 40 Languages", "Water < Energy",
    "Telemedicine", "Ground Stations",    "Graph Databases",        "Rural Credit"};
constexpr std::array things{"the pump",           "a reactor",          "the “blue” line",
                            "one sensor",         "the model's output", "a dataset of 10\\20 files",
                            "the ground station", "çà et là",           "an antenna",
                            "the cohort",         "a 5 > 3 test",       "the 🚀 stage",
                            "AT&T’s old switch",  "the seed bank"};
constexpr std::array deeds{
    "was tested twice",    "failed on Tuesday",        "cost less than “planned”", "grew by 12 %",
    "is <b>not</b> ready", "surprised everybody",      "went to São Paulo",        "was re-used",
    "stays classified",    "met its \"final\" target", "is described below"};

constexpr std::array<Country, 24> all_countries{{{"BR", "BRA", "Brazil"},
                                                 {"PT", "PRT", "Portugal"},
                                                 {"DE", "DEU", "Germany"},
                                                 {"FR", "FRA", "France"},
                                                 {"US", "USA", "United States of America"},
                                                 {"CI", "CIV", "Côte d'Ivoire"},
                                                 {"TR", "TUR", "Türkiye"},
                                                 {"JP", "JPN", "Japan"},
                                                 {"IN", "IND", "India"},
                                                 {"ZA", "ZAF", "South Africa"},
                                                 {"SE", "SWE", "Sweden"},
                                                 {"PL", "POL", "Poland"},
                                                 {"ES", "ESP", "Spain"},
                                                 {"IT", "ITA", "Italy"},
                                                 {"MX", "MEX", "Mexico"},
                                                 {"AR", "ARG", "Argentina"},
                                                 {"CL", "CHL", "Chile"},
                                                 {"NG", "NGA", "Nigeria"},
                                                 {"KE", "KEN", "Kenya"},
                                                 {"CN", "CHN", "China"},
                                                 {"KR", "KOR", "Republic of Korea"},
                                                 {"AU", "AUS", "Australia"},
                                                 {"CA", "CAN", "Canada"},
                                                 {"NO", "NOR", "Norway"}}};

}  // namespace

std::span<const Country> countries() { return all_countries; }

bool one_in(base::Rng& rng, std::uint64_t n) { return rng.below(n) == 0; }

std::string person(base::Rng& rng) {
  std::string name = pick(rng, first_names);
  if (one_in(rng, 4)) name.append(" ").append(1, static_cast<char>('A' + rng.below(26))).append(".");
  return name.append(" ").append(pick(rng, last_names));
}

std::string company(base::Rng& rng) {
  std::string name = pick(rng, company_words);
  return name.append(" ").append(pick(rng, company_ends));
}

std::string title(base::Rng& rng) {
  std::string line = company(rng);
  line.append(" ").append(pick(rng, verbs));
  return line.append(" ").append(pick(rng, subjects));
}

std::string sentence(base::Rng& rng) {
  std::string line = pick(rng, subjects);
  line.append(": ").append(pick(rng, things));
  line.append(" ").append(pick(rng, deeds));
  if (one_in(rng, 3)) {
    line.append(", and ").append(pick(rng, things));
    line.append(" ").append(pick(rng, deeds));
  }
  return line + '.';
}

std::string text(base::Rng& rng, std::size_t sentences) {
  std::string out;
  for (std::size_t i = 0; i < sentences; ++i) {
    if (i > 0) out += one_in(rng, 7) ? "\n\n" : " ";
    out += sentence(rng);
  }
  return out;
}

std::string slug(std::string_view title) {
  std::string out;
  for (char c : title) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

std::string package_name(base::Rng& rng) {
  std::string name = slug(company(rng));
  return name.append("-").append(hex(rng, 4));
}

std::string hex(base::Rng& rng, int digits) {
  std::string out;
  for (int i = 0; i < digits; ++i) out += "0123456789abcdef"[rng.below(16)];
  return out;
}

Decimal decimal(base::Rng& rng, std::int64_t low, std::int64_t high, int digits) {
  const std::int64_t value = rng.between(low, high);
  std::string out = fmt::format("{:0{}}", value < 0 ? -value : value, digits + 1);
  out.insert(out.size() - static_cast<std::size_t>(digits), 1, '.');
  return {value < 0 ? '-' + out : out};
}

}  // namespace simulator
