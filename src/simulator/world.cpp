#include "simulator/world.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "simulator/kev.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime first_release =
    std::chrono::sys_days{std::chrono::year{2025} / 8 / 25} + 17h + 4min + 19s + 979'600us;

// FNV-1a: stable over machines, which std::hash is not.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14695981039346656037U;
  for (const unsigned char c : text) value = (value ^ c) * 1099511628211U;
  return value;
}

std::string http_date(base::WallTime time) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[weekday{day}.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::string key_of(const Api& api, const Record& record) {
  const auto field = std::find_if(record.begin(), record.end(), [&](auto& f) { return f.name == api.key; });
  CHECK(field != record.end(), "every record of an API has its key");
  const auto* text = std::get_if<std::string>(&field->value);
  return text != nullptr                       ? *text
         : std::get_if<RawJson>(&field->value) ? std::get<RawJson>(field->value).text
                                               : "";
}

base::Error unknown_api(std::string_view name) {
  std::vector<std::string> known;
  for (const Api& api : apis()) known.emplace_back(api.name);
  return base::error(base::Code::invalid_data, "unknown api '{}'; known: {}", name, fmt::join(known, ", "));
}

}  // namespace

std::span<const Api> apis() {
  static const std::array all{kev_api()};
  return all;
}

const Api* find_api(std::string_view name) {
  const auto found = std::find_if(apis().begin(), apis().end(), [&](auto& api) { return api.name == name; });
  return found == apis().end() ? nullptr : &*found;
}

const Api* route(std::string_view host, std::string_view path) {
  const auto found = std::find_if(apis().begin(), apis().end(),
                                  [&](auto& api) { return api.host == host && api.path == path; });
  return found == apis().end() ? nullptr : &*found;
}

World::World(std::uint64_t seed, const std::map<std::string, std::size_t>& records) : seed_(seed) {
  for (const Api& api : apis()) {
    ApiState& state = states_[std::string(api.name)];
    state.rng = base::Rng(seed ^ hash(api.name));  // a new API does not change the others' data
    state.released = first_release;
    const auto wanted = records.find(std::string(api.name));
    api.generate(state, std::min(wanted == records.end() ? api.records : wanted->second, maximum_records));
  }
}

Answer World::serve(const Api& api) {
  const std::lock_guard lock(mutex_);
  ApiState& state = *find(api.name);
  if (!state.body) state.body = std::make_shared<const std::string>(api.body(state));
  return {.content_type = std::string(api.content_type),
          .headers = {{"ETag", fmt::format("\"{:016x}\"", hash(*state.body))},
                      {"Last-Modified", http_date(state.released)}},
          .body = state.body};
}

base::Result<World::Ticked> World::tick(std::string_view name, std::size_t add, std::size_t change) {
  const std::lock_guard lock(mutex_);
  ApiState* state = find(name);
  if (state == nullptr) return unknown_api(name);
  if (add > maximum_records - std::min(maximum_records, state->records.size()))
    return base::error(base::Code::invalid_data, "more than {} records", maximum_records);
  const Api& api = *find_api(name);
  ++state->ticks;
  state->released += 6h;
  state->body.reset();

  Ticked result;
  std::vector<std::size_t> order(state->records.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  change = std::min(change, order.size());
  for (std::size_t i = 0; i < change; ++i) {  // the first steps of a shuffle: `change` different ones
    std::swap(order[i], order[i + state->rng.below(order.size() - i)]);
  }
  order.resize(change);
  std::sort(order.begin(), order.end());
  for (const std::size_t index : order) {
    api.change(*state, state->records[index]);
    result.changed.push_back(key_of(api, state->records[index]));
  }

  std::vector<Record> fresh;
  for (std::size_t i = 0; i < add; ++i) {
    fresh.push_back(api.make(*state));
    result.added.push_back(key_of(api, fresh.back()));
  }
  state->records.insert(state->records.begin(), std::make_move_iterator(fresh.begin()),
                        std::make_move_iterator(fresh.end()));
  return result;
}

base::Result<void> World::edit(std::string_view name, std::size_t index, std::string_view field,
                               Value value) {
  const std::lock_guard lock(mutex_);
  ApiState* state = find(name);
  if (state == nullptr) return unknown_api(name);
  if (index >= state->records.size())
    return base::error(base::Code::invalid_data, "no record {}: there are {}", index, state->records.size());
  Record& record = state->records[index];
  const auto found = std::find_if(record.begin(), record.end(), [&](auto& f) { return f.name == field; });
  if (found == record.end()) return base::error(base::Code::invalid_data, "no field '{}' in {}", field, name);
  found->value = std::move(value);
  state->body.reset();
  return {};
}

base::Result<std::vector<Record>> World::records(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(name);
  if (found == states_.end()) return unknown_api(name);
  return found->second.records;
}

ApiState* World::find(std::string_view api) {
  const auto found = states_.find(api);
  return found == states_.end() ? nullptr : &found->second;
}

}  // namespace simulator
