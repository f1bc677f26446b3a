#include "simulator/apis.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/text.hpp"
#include "simulator/body_json.hpp"

namespace simulator {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array vendors{"Acorvia",
                             "Brightloom",
                             "Käßmann Netztechnik",
                             "Corvid Networks",
                             "Delphine Labs",
                             "Łąka Systems",
                             "Everquill",
                             "Fjordström",
                             "Gatehouse",
                             "Halcyon & Sons",
                             "Ironfern",
                             "株式会社ミナト",
                             "Juniperra",
                             "Kestrel Data",
                             "Lumenfold",
                             "Mosswire",
                             "O'Hara Software",
                             "Nordhavn",
                             "Pixelforge \"Pro\"",
                             "Quartzline",
                             "Río Claro",
                             "Sableworks",
                             "Thistledown",
                             "Umbra/One"};
constexpr std::array products{"Mail Gateway", "Session Broker",  "Édition Serveur",  "Edge Router OS",
                              "Backup Agent", "Printer Hub",     "VPN Client",       "Identity Portal",
                              "Web Console",  "File Relay 🗂", "Build Server",     "Help Desk",
                              "Camera NVR",   "Kernel Driver",   "Load Balancer",    "Content Manager",
                              "Archive Tool", "Chat Server",     "Multiple Products"};

struct Weakness {
  const char* name;
  const char* effect;
  std::array<int, 2> cwes;
};
constexpr std::array weaknesses{
    Weakness{"SQL Injection", "read or change the database", {89, 943}},
    Weakness{"Path Traversal", "write files outside of the upload folder", {22, 23}},
    Weakness{"Use-After-Free", "run code in the browser’s renderer", {416, 825}},
    Weakness{"Authentication Bypass", "sign in as any user", {287, 306}},
    Weakness{"Deserialization of Untrusted Data", "run code with the rights of the service", {502, 915}},
    Weakness{"Improper Privilege Management", "become an administrator", {269, 250}},
    Weakness{"Out-of-Bounds Write", "crash the device or take it over", {787, 119}},
    Weakness{"OS Command Injection", "run commands — as root", {78, 77}},
    Weakness{"Cross-Site Scripting", "act in the name of a user who opens a link", {79, 80}},
    Weakness{"Hard-Coded Credentials", "sign in with a password that can’t be changed", {798, 259}}};

constexpr std::array actions{
    "Apply updates per vendor instructions.",
    "Apply mitigations per vendor instructions or discontinue use of the product if mitigations are "
    "unavailable.",
    "The impacted product is end-of-life and should be disconnected if still in use."};
constexpr std::array allowed_days{21, 21, 21, 14, 7, 3, 182};

template <class List>
const auto& pick(base::Rng& rng, const List& list) {
  return list[rng.below(list.size())];
}

std::string date_text(sys_days day) {
  const year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

sys_days day_of(base::WallTime time) { return std::chrono::floor<days>(time); }

// "CVE-2024-8068": of the year in which it was added, or of one of the five before it.
std::string new_id(ApiState& state, sys_days added) {
  const int year = static_cast<int>(year_month_day{added}.year());
  for (;;) {
    const auto age = static_cast<int>(std::min(state.rng.below(6), state.rng.below(6)));
    std::string id = fmt::format("CVE-{}-{:04}", year - age, 1 + state.rng.below(60'000));
    if (state.keys.insert(id).second) return id;
  }
}

std::string description(base::Rng& rng, const std::string& product, const Weakness& weakness) {
  std::string text = fmt::format("{} contains a flaw of the kind “{}” that allows an attacker to {}.",
                                 product, weakness.name, weakness.effect);
  if (rng.below(3) == 0) text += " An attacker must be on the same network and know a user\\domain name.";
  if (rng.below(10) == 0) text += " It is reached through the parameter \"q\" of /cgi-bin/search.";
  if (rng.below(25) == 0) text += "\nVersions before 7.0 were not examined.\tSee the vendor’s page.";
  if (rng.below(40) == 0)
    for (int i = 0; i < 20; ++i)
      text += fmt::format(" Build {} of the {} line is affected as well.", rng.below(100'000), product);
  return text;
}

std::string notes(base::Rng& rng, const std::string& id) {
  if (rng.below(12) == 0) return "";
  std::string text;
  for (std::uint64_t i = rng.below(4); i > 0; --i)
    text += fmt::format("https://advisories.example/{}/{:x}?lang=en&v={} ; ", id, rng.below(1U << 30), i);
  return text + "https://nvd.example/vuln/detail/" + id;
}

Record record_added(ApiState& state, sys_days added) {
  base::Rng& rng = state.rng;
  const std::string id = new_id(state, added);
  const std::string vendor = pick(rng, vendors);
  const std::string product = pick(rng, products);
  const Weakness& weakness = pick(rng, weaknesses);
  std::vector<std::string> cwes;
  for (std::size_t i = rng.below(8) == 0 ? 0 : 1 + rng.below(2), k = 0; k < i; ++k)
    cwes.push_back(fmt::format("CWE-{}", weakness.cwes[k]));
  return {{"cveID", id},
          {"vendorProject", vendor},
          {"product", product},
          {"vulnerabilityName", fmt::format("{} {} {} Vulnerability", vendor, product, weakness.name)},
          {"dateAdded", date_text(added)},
          {"shortDescription", description(rng, vendor + " " + product, weakness)},
          {"requiredAction", std::string(pick(rng, actions))},
          {"dueDate", date_text(added + days{pick(rng, allowed_days)})},
          {"knownRansomwareCampaignUse", std::string(rng.below(5) == 0 ? "Known" : "Unknown")},
          {"notes", notes(rng, id)},
          {"cwes", std::move(cwes)}};
}

void generate(ApiState& state, std::size_t records) {
  sys_days day = day_of(state.released);
  const sys_days oldest = day - days{1390};
  for (std::size_t i = 0; i < records; ++i) {
    state.records.push_back(record_added(state, day));
    day = std::max(oldest, day - days{state.rng.below(3)});
  }
}

Record make(ApiState& state) { return record_added(state, day_of(state.released)); }

void change(ApiState& state, Record& record) {
  const auto field =
      std::find_if(record.begin(), record.end(), [](auto& f) { return f.name == "shortDescription"; });
  CHECK(field != record.end(), "every record has a description");
  const auto* text = std::get_if<std::string>(&field->value);
  const std::string old = text != nullptr ? text->substr(0, text->find(" (Revision ")) : "Rewritten.";
  field->value = fmt::format("{} (Revision {}.)", old, state.ticks);
}

std::string body(const ApiState& state) {
  std::string version = date_text(day_of(state.released));
  std::replace(version.begin(), version.end(), '-', '.');
  std::string released = base::to_iso8601(state.released);
  released.replace(released.size() - 3, 3, "Z");  // the feed prints four digits of the second
  std::string out = fmt::format(
      "{{\n    \"title\": \"Simulated Catalog of Known Exploited Vulnerabilities\",\n    \"catalogVersion\": "
      "\"{}\",\n"
      "    \"dateReleased\": \"{}\",\n    \"count\": {},\n    \"vulnerabilities\": ",
      version, released, state.records.size());
  append_records(out, state.records, 1);
  return out + "\n}";
}

}  // namespace

Api kev_api() {
  return {.name = "kev",
          .host = "www.cisa.gov",
          .path = "/sites/default/files/feeds/known_exploited_vulnerabilities.json",
          .key = "cveID",
          .content_type = "application/json",
          .records = 1404,
          .generate = generate,
          .make = make,
          .change = change,
          .body = body};
}

}  // namespace simulator
