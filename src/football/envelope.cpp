#include "football/envelope.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "decode/json.hpp"
#include "football/fields.hpp"
#include "football/odds_key.hpp"

namespace football {
namespace {

using base::Code;
using decode::Kind;
using decode::Value;
using http::Ruling;

constexpr std::size_t max_words = 200;
constexpr std::size_t max_complaints = 16;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

Trouble trouble_of_key(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, Trouble>, 7> table{
      {{"token", Trouble::key},
       {"access", Trouble::key},
       {"ip", Trouble::key},
       {"plan", Trouble::plan},
       {"requests", Trouble::day_spent},
       {"ratelimit", Trouble::busy},
       {"bug", Trouble::bug}}};
  const std::string name = lower(key);
  const auto found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
  return found == table.end() ? Trouble::refused : found->second;
}

// Where the words stand alone, without a key that says what they are.
Trouble trouble_of_words(std::string_view words) {
  static constexpr std::array<std::pair<std::string_view, Trouble>, 5> table{
      {{"application key", Trouble::key},
       {"api key", Trouble::key},
       {"request limit for the day", Trouble::day_spent},
       {"too many requests", Trouble::busy},
       {"rate limit", Trouble::busy}}};
  const std::string text = lower(words);
  for (const auto& [part, trouble] : table)
    if (text.find(part) != std::string::npos) return trouble;
  return Trouble::refused;
}

void add(Complaint& all, Trouble trouble, const std::string& words) {
  all.trouble = std::max(all.trouble, trouble);
  if (all.text.size() < max_words)
    all.text = base::shorten(all.text.empty() ? words : all.text + "; " + words, max_words);
}

// {"time": …, "bug": …, "report": …} is one complaint, about the bug.
void add_members(Complaint& all, const Value& object) {
  const bool is_report = object.find("bug") != nullptr;
  std::size_t seen = 0;
  for (const decode::Member& it : object.members()) {
    if (is_report && (it.key == "time" || it.key == "report")) continue;
    std::string words = base::escape_control(base::shorten(it.key, 40));
    if (++seen <= max_complaints) words += ": " + text(it.value, max_words);
    add(all, trouble_of_key(it.key), words);
  }
}

void add_words(Complaint& all, const Value& value) {
  const std::string words = text(value, max_words);
  add(all, trouble_of_words(words), words.empty() ? "an error without a text" : words);
}

bool is_blank(const Value& errors) {
  switch (errors.kind()) {
    case Kind::null: return true;
    case Kind::string: return errors.text().empty();
    case Kind::array: return errors.items().empty();
    case Kind::object: return errors.members().empty();
    default: return false;
  }
}

Ruling ruling_of(const Complaint& complaint) {
  using Action = Ruling::Action;
  const std::string& text = complaint.text;
  switch (complaint.trouble) {
    case Trouble::none: break;
    case Trouble::bug: return {Action::retry, Code::unavailable, "a fault on its own side (" + text + ")"};
    case Trouble::busy:
      return {Action::rate_limited, Code::rate_limited, "too many calls this minute (" + text + ")"};
    case Trouble::refused:
      return {Action::fail, Code::invalid_data, "it does not accept the question (" + text + ")"};
    case Trouble::day_spent:
      return {Action::fail, Code::rate_limited,
              "the day's quota is spent, the next begins at 00:00 UTC (" + text + ")"};
    case Trouble::plan:
      return {Action::fail, Code::permission,
              "the plan does not include this (" + text + "); a larger plan is needed"};
    case Trouble::key:
      return {Action::fail, Code::permission,
              "the key or its account is refused (" + text + "); check API_FOOTBALL_KEY"};
  }
  return {Action::success};
}

// {} or what is wrong with the count.
std::string miscount(const Value& root, const Value& response) {
  const auto results = integer(at(root, {"results"}), 0, max_id);
  if (response.kind() != Kind::array || !results) return {};
  const auto held = static_cast<std::int64_t>(response.items().size());
  return *results == held ? std::string() : fmt::format("it says {} results and holds {}", *results, held);
}

constexpr std::string_view no_envelope =
    "its JSON is no answer of API-Football: errors or response is missing";

bool is_envelope(const Value& root) {
  const Value* response = root.find("response");
  return root.find("errors") && response &&
         (response->kind() == Kind::array || response->kind() == Kind::object);
}

bool nobody_reads(std::string_view key) {
  static constexpr std::array<std::string_view, 14> names{
      "logo", "flag",    "photo",     "periods", "winner", "extra",       "elapsed",
      "long", "penalty", "extratime", "update",  "code",   "description", "goalsDiff"};
  return std::ranges::find(names, key) != names.end();
}

// Bookmakers offer a hundred bets a game; nine tenths of the bytes are of those that have no name with us.
bool is_unread_bet(const Value& item) {
  const Value* name = item.find("name");
  return name && name->kind() == Kind::string && item.find("values") && !is_known_bet(name->text());
}

void append(std::string& out, const Value& value) {
  bool first = true;
  const auto comma = [&] {
    if (!std::exchange(first, false)) out += ',';
  };
  if (value.kind() == Kind::array) {
    out += '[';
    for (const Value& item : value.items())
      if (!is_unread_bet(item)) comma(), append(out, item);
    out += ']';
  } else if (value.kind() == Kind::object) {
    out += '{';
    for (const decode::Member& it : value.members()) {
      if (nobody_reads(it.key)) continue;
      comma();
      out += to_json(Value::string(it.key)) + ":";
      append(out, it.value);
    }
    out += '}';
  } else {
    // What could not be decoded stays unreadable: to_json() would make a text of it.
    out += value.kind() == Kind::spoiled ? "null" : to_json(value);
  }
}

}  // namespace

Complaint complaint_of(const Value& errors) {
  Complaint all;
  if (is_blank(errors)) return all;
  if (errors.kind() == Kind::object) {
    add_members(all, errors);
  } else if (errors.kind() == Kind::array) {
    for (const Value& item : errors.items()) {
      if (item.kind() == Kind::object && !item.members().empty())
        add_members(all, item);
      else
        add_words(all, item);
    }
  } else {
    add_words(all, errors);
  }
  return all;
}

std::optional<Ruling> rule_on(const http::Response& response, Complaint* complaint) {
  const int status = response.status;
  // The API's documentation gives 499 for an answer that took it too long.
  if (status == 499) return Ruling{Ruling::Action::retry, Code::timeout, "it took too long for it"};
  if (status / 100 != 2 && status / 100 != 4) return std::nullopt;
  const auto document = decode::decode_json(response.body);
  if (!document) return std::nullopt;
  const Value& root = document->root;
  if (const Value* errors = root.find("errors")) {
    const Complaint found = complaint_of(*errors);
    if (complaint) *complaint = found;
    if (found.trouble != Trouble::none) return ruling_of(found);
  }
  if (status / 100 != 2) return std::nullopt;
  if (!is_envelope(root)) return Ruling{Ruling::Action::fail, Code::invalid_data, std::string(no_envelope)};
  if (std::string wrong = miscount(root, *root.find("response")); !wrong.empty())
    return Ruling{Ruling::Action::retry, Code::invalid_data, std::move(wrong)};
  return std::nullopt;
}

base::Result<Envelope> open_envelope(std::string body) {
  Envelope envelope;
  envelope.document = TRY_WITH(decode::decode_json(std::move(body)), "an answer of API-Football");
  const Value& root = envelope.document.root;
  if (!is_envelope(root)) return base::error(Code::invalid_data, "an answer: {}", no_envelope);
  if (const Complaint found = complaint_of(*root.find("errors")); found.trouble != Trouble::none) {
    const Ruling ruling = ruling_of(found);
    return base::Error{*ruling.code, "an answer of API-Football: " + ruling.message};
  }
  envelope.response = *root.find("response");
  if (const std::string wrong = miscount(root, envelope.response); !wrong.empty())
    return base::error(Code::invalid_data, "an answer of API-Football: {}", wrong);
  envelope.pages = small(at(root, {"paging", "total"}), 1, 1'000'000).value_or(1);
  if (envelope.pages > max_pages)
    return base::error(Code::invalid_data, "an answer of API-Football has {} pages; at most {} are read",
                       envelope.pages, max_pages);
  return envelope;
}

std::string pack(std::span<const Value> records) {
  std::string body = fmt::format(R"({{"errors":[],"results":{},"response":[)", records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) body += ',';
    append(body, records[i]);
  }
  body += "]}";
  return body;
}

}  // namespace football
