#include "simulator/api_tools.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/check.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"

namespace simulator {

const Value& value_of(const Record& record, std::string_view field) {
  const auto found = std::find_if(record.begin(), record.end(), [&](auto& f) { return f.name == field; });
  CHECK(found != record.end(), "an API asks only for fields that its records have");
  return found->value;
}

void set(Record& record, std::string_view field, Value value) {
  const_cast<Value&>(value_of(record, field)) = std::move(value);
}

std::string text_of(const Record& record, std::string_view field) {
  const auto to_text = []<class T>(const T& value) -> std::string {
    if constexpr (std::is_same_v<T, std::string>)
      return value;
    else if constexpr (std::is_same_v<T, std::nullptr_t>)
      return "";
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
      return base::join(value, ", ");
    else if constexpr (std::is_same_v<T, RawJson> || std::is_same_v<T, Decimal>)
      return value.text;
    else
      return fmt::format("{}", value);
  };
  return std::visit(to_text, value_of(record, field));
}

void revise(ApiState& state, Record& record, std::string_view field) {
  const std::string old = text_of(record, field);
  set(record, field, fmt::format("{} (Revision {}.)", old.substr(0, old.find(" (Revision ")), state.ticks));
}

std::vector<std::string> parameters(const ApiRequest& request, std::string_view name) {
  std::vector<std::string> found;
  const auto [first, last] = request.query.equal_range(std::string(name));
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  return found;
}

std::optional<std::string> parameter(const ApiRequest& request, std::string_view name) {
  const auto found = request.query.find(std::string(name));
  return found == request.query.end() ? std::nullopt : std::optional(found->second);
}

std::string header(const ApiRequest& request, std::string_view lower_case_name) {
  const auto found = request.headers.find(std::string(lower_case_name));
  return found == request.headers.end() ? "" : found->second;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc{} && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> number(const ApiRequest& request, std::string_view name, std::int64_t missing) {
  const auto text = parameter(request, name);
  return text ? whole_number(*text) : missing;
}

Answer answer_text(std::string body, std::string content_type, int status) {
  return {.status = status,
          .content_type = std::move(content_type),
          .body = std::make_shared<const std::string>(std::move(body))};
}

Answer answer_json(std::string body, int status) {
  return answer_text(std::move(body), "application/json; charset=utf-8", status);
}

std::span<const Record> slice(std::span<const Record> records, std::int64_t offset, std::int64_t limit) {
  const auto size = static_cast<std::int64_t>(records.size());
  offset = std::clamp<std::int64_t>(offset, 0, size);
  return records.subspan(static_cast<std::size_t>(offset),
                         static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 0, size - offset)));
}

std::string json_string(std::string_view utf8) {
  std::string out = "\"";
  for (const char c : utf8) {
    if (c == '"' || c == '\\')
      out.append(1, '\\').append(1, c);
    else if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string json(const Value& value) {
  const auto to_text = []<class T>(const T& held) -> std::string {
    if constexpr (std::is_same_v<T, std::string>) {
      return json_string(held);
    } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
      return "null";
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      std::vector<std::string> items;
      for (const std::string& item : held) items.push_back(json_string(item));
      return json_array(items);
    } else if constexpr (std::is_same_v<T, RawJson> || std::is_same_v<T, Decimal>) {
      return held.text;
    } else {
      return fmt::format("{}", held);
    }
  };
  return std::visit(to_text, value);
}

std::string json(const Record& record, std::string_view field) { return json(value_of(record, field)); }

std::string json_object(const std::vector<JsonMember>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members)
    out.append(out.size() > 1 ? "," : "").append(json_string(name)).append(":").append(value);
  return out + '}';
}

std::string json_array(const std::vector<std::string>& items) { return '[' + base::join(items, ",") + ']'; }

std::string json_fields(const Record& record) {
  std::vector<JsonMember> members;
  for (const Field& field : record) members.emplace_back(field.name, json(field.value));
  return json_object(members);
}

std::string xml_escape(std::string_view utf8) {
  std::string out;
  for (const char c : utf8) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string xml_element(std::string_view name, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>", name, xml_escape(text));
}

std::string iso_day(base::WallTime time) { return base::to_iso8601(time).substr(0, 10); }
std::string iso_seconds(base::WallTime time) { return base::to_iso8601(time).substr(0, 19) + "Z"; }
std::int64_t unix_seconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string rfc822(base::WallTime time, std::string_view zone) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date{day};
  return fmt::format("{}, {:02} {} {:04} {} {}", days[weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), base::to_iso8601(time).substr(11, 8), zone);
}

std::string rfc822_of(const Record& record, std::string_view field) {
  const std::string held = text_of(record, field);
  const auto time = base::parse_timestamp(held);
  return time ? rfc822(*time) : held;
}

std::string unix_of(const Record& record, std::string_view field) {
  const auto time = base::parse_timestamp(text_of(record, field));
  return time ? std::to_string(unix_seconds(*time)) : json(record, field);
}

}  // namespace simulator
