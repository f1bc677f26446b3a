// What the simulated APIs share: fields of records, parameters of requests, JSON and XML text, invented words
// and dates. Pure, but for the Rng that is passed in; what is wrong in a request is the API's own to say.
//
//   const std::int64_t page = number(request, "page", 1).value_or(0);        // 0: not a number
//   rows.push_back(json_object({{"id", json(record, "id")}, {"name", json_string("…")}}));
//   return answer_json(json_object({{"items", json_array(rows)}}));
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/world.hpp"

namespace simulator {

// ---- records; a name that is not there is a bug

const Value& value_of(const Record& record, std::string_view field);
void set(Record& record, std::string_view field, Value value);
std::string text_of(const Record& record, std::string_view field);  // null: ""; a list: joined with ", "

// "text (Revision 3.)": what change() does to a text, so that it never had that value before.
void revise(ApiState& state, Record& record, std::string_view field);

// ---- requests

std::optional<std::string> parameter(const ApiRequest& request, std::string_view name);  // the first of them
std::vector<std::string> parameters(const ApiRequest& request, std::string_view name);
std::string header(const ApiRequest& request, std::string_view lower_case_name);  // "": not there
std::optional<std::int64_t> whole_number(std::string_view text);
// The parameter as a number; `missing` if it is not there, nullopt if it is something else.
std::optional<std::int64_t> number(const ApiRequest& request, std::string_view name, std::int64_t missing);

// ---- answers

Answer answer_text(std::string body, std::string content_type, int status = 200);
Answer answer_json(std::string body, int status = 200);  // "application/json; charset=utf-8"
std::string gzip(std::string_view bytes);

// records[offset, offset + limit) as far as they exist.
std::span<const Record> slice(std::span<const Record> records, std::int64_t offset, std::int64_t limit);

// ---- JSON, compact, everything that may stay UTF-8 as it is

using JsonMember = std::pair<std::string_view, std::string>;  // name, JSON text
std::string json_string(std::string_view utf8);
std::string json(const Value& value);
std::string json(const Record& record, std::string_view field);
std::string json_object(const std::vector<JsonMember>& members);
std::string json_array(const std::vector<std::string>& items);
std::string json_fields(const Record& record);  // an object with all fields, in their order

// ---- XML

std::string xml_escape(std::string_view utf8);  // & < > " and '
std::string xml_element(std::string_view name, std::string_view text);

// ---- dates; the world's times have whole seconds here

std::string iso_day(base::WallTime time);                                  // 2025-08-25
std::string iso_seconds(base::WallTime time);                              // 2025-08-25T17:04:19Z
std::string rfc822(base::WallTime time, std::string_view zone = "+0000");  // Mon, 25 Aug 2025 17:04:19 +0000
std::int64_t unix_seconds(base::WallTime time);
// An ISO timestamp of a record in another form; as it stands (JSON for the second) if edit() made something
// else of it.
std::string rfc822_of(const Record& record, std::string_view field);
std::string unix_of(const Record& record, std::string_view field);

// ---- inventions; only one draw in the arguments of a call: compilers evaluate those in different orders

template <class List>
const auto& pick(base::Rng& rng, const List& list) {
  return list[rng.below(std::size(list))];
}
bool one_in(base::Rng& rng, std::uint64_t n);
std::string person(base::Rng& rng);    // "Zoë O'Brien"
std::string company(base::Rng& rng);   // "Käßmann & Søns"
std::string title(base::Rng& rng);     // "How Rødgrød “Labs” Rewrites Shipping"
std::string sentence(base::Rng& rng);  // "The valve & the pump were <tested> twice in São Paulo."
std::string text(base::Rng& rng, std::size_t sentences);
std::string slug(std::string_view title);                                          // "how-r-dgr-d-labs"
std::string package_name(base::Rng& rng);                                          // "corvid-data-3fa2"
std::string hex(base::Rng& rng, int digits);                                       // "00af…"
Decimal decimal(base::Rng& rng, std::int64_t low, std::int64_t high, int digits);  // {low…high} / 10^digits
// state.records: `records` of them by make(state, time), newest first, up to `gap` apart.
template <class Make>
void fill(ApiState& state, std::size_t records, std::chrono::seconds gap, const Make& make) {
  base::WallTime time = state.released;
  for (std::size_t i = 0; i < records; ++i) {
    state.records.push_back(make(state, time));
    time -= std::chrono::seconds{1 + state.rng.below(static_cast<std::uint64_t>(gap.count()))};
  }
}

// A text that `keys` did not hold yet: make() again until it is new; remembers it.
template <class Make>
std::string unused(ApiState& state, const Make& make) {
  for (;;)
    if (std::string key = make(); state.keys.insert(key).second) return key;
}

struct Country {
  const char* iso2;
  const char* iso3;
  const char* name;
};
std::span<const Country> countries();

}  // namespace simulator
