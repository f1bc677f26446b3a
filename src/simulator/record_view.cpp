#include "simulator/record_view.hpp"

#include "base/iso8601.hpp"

namespace simulator {

Page page_of(const View& view, std::int64_t offset, std::int64_t limit) {
  offset = std::clamp<std::int64_t>(offset, 0, size_of(view));
  limit = std::clamp<std::int64_t>(limit, 0, size_of(view) - offset);
  return Page(view).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(limit));
}

const std::vector<std::string>& list_of(const Record& record, std::string_view field) {
  static const std::vector<std::string> none;
  const auto* list = std::get_if<std::vector<std::string>>(&value_of(record, field));
  return list == nullptr ? none : *list;
}

std::int64_t number_of(const Record& record, std::string_view field) {
  return whole_number(text_of(record, field)).value_or(0);
}

std::optional<base::WallTime> time_of(const Record& record, std::string_view field) {
  const auto time = base::parse_timestamp(text_of(record, field));
  return time ? std::optional(*time) : std::nullopt;
}

std::string json_time(const Record& record, std::string_view field, std::string (*print)(base::WallTime)) {
  const auto time = time_of(record, field);
  return time ? json_string(print(*time)) : json(record, field);
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

std::string lower(std::string_view ascii) {
  std::string out(ascii);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

Value maybe(base::Rng& rng, std::uint64_t null_one_in, Value value) {
  return one_in(rng, null_one_in) ? Value{nullptr} : std::move(value);
}

base::WallTime now(const ApiState& state) { return std::chrono::floor<std::chrono::seconds>(state.released); }

base::WallTime random_time(base::Rng& rng, base::WallTime from, base::WallTime until) {
  const std::int64_t low = unix_seconds(from), high = unix_seconds(until);
  return base::WallTime{std::chrono::seconds{rng.between(low, std::max(low, high))}};
}

}  // namespace simulator
