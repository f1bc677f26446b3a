// Some records of an API in the order of an answer, for the APIs that filter, sort and page. Pure.
//
//   View view = select(state.records, [&](const Record& r) { return text_of(r, "code") == code; });
//   sort_by(view, [](const Record& r) { return text_of(r, "date"); });
//   json_rows(page_of(view, start, size), print_row)
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/api_tools.hpp"

namespace simulator {

using View = std::vector<const Record*>;
using Page = std::span<const Record* const>;

template <class Keep>
View select(std::span<const Record> records, const Keep& keep) {
  View view;
  for (const Record& record : records)
    if (keep(record)) view.push_back(&record);
  return view;
}

// Ascending; equal keys keep their order. For the opposite order, reverse `view` afterwards.
template <class Key>
void sort_by(View& view, const Key& key) {
  std::vector<std::pair<decltype(key(*view.front())), const Record*>> keyed;  // each key is made once
  for (const Record* record : view) keyed.emplace_back(key(*record), record);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](auto& left, auto& right) { return left.first < right.first; });
  for (std::size_t i = 0; i < view.size(); ++i) view[i] = keyed[i].second;
}

inline std::int64_t size_of(const View& view) { return static_cast<std::int64_t>(view.size()); }
inline std::int64_t pages(std::int64_t total, std::int64_t size) { return (total + size - 1) / size; }
Page page_of(const View& view, std::int64_t offset, std::int64_t limit);

template <class Print>
std::string json_rows(Page page, const Print& print) {
  std::vector<std::string> rows;
  for (const Record* record : page) rows.push_back(print(*record));
  return json_array(rows);
}

const std::vector<std::string>& list_of(const Record& record, std::string_view field);  // not a list: empty
std::int64_t number_of(const Record& record, std::string_view field);                   // not a number: 0
std::optional<base::WallTime> time_of(const Record& record, std::string_view field);

// A time of a record as `print` writes it, in quotes; what is no time (edited) as it stands.
std::string json_time(const Record& record, std::string_view field, std::string (*print)(base::WallTime));

std::string csv_cell(std::string_view text);  // in quotes where RFC 4180 wants them
std::vector<std::string> split(std::string_view text, std::string_view separator);
std::string lower(std::string_view ascii);
Value maybe(base::Rng& rng, std::uint64_t null_one_in, Value value);
base::WallTime now(const ApiState& state);  // the world's date, in whole seconds
base::WallTime random_time(base::Rng& rng, base::WallTime from, base::WallTime until);  // whole seconds

}  // namespace simulator
