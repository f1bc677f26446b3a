// The data of the fake outside world: one table of records per API, made from a seed. The same seed and the
// same calls give the same bytes on every machine; data changes by tick() and edit() only, never by being
// asked for. Pure (no network, no clock). World is thread-safe; Api's functions run under its lock.
//
//   World world(7, {{"kev", 1404}});
//   world.tick("kev", 2, 1);                        // two new records in front, one old one changed
//   Answer answer = world.serve(*find_api("kev"));  // the body a client would get
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"

namespace simulator {

struct RawJson {  // put in by edit(): printed as it stands
  std::string text;
};
using Value = std::variant<std::string, std::int64_t, std::vector<std::string>, RawJson>;

struct Field {
  std::string name;
  Value value;
};
using Record = std::vector<Field>;  // in the order in which the API prints them

struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::shared_ptr<const std::string> body{};
};

// What an API's functions work on.
struct ApiState {
  base::Rng rng{0};
  std::vector<Record> records;  // newest first
  std::set<std::string> keys;   // all that were ever given out
  std::uint64_t ticks = 0;
  base::WallTime released;                  // the world's own date: when the data last changed
  std::shared_ptr<const std::string> body;  // of this state; empty until asked for
};

// One simulated API. A new one is a .cpp file with these functions and a line in apis().
struct Api {
  std::string_view name;
  std::string_view host;
  std::string_view path;
  std::string_view key;  // the field that identifies a record
  std::string_view content_type;
  std::size_t records;  // unless the user says otherwise
  void (*generate)(ApiState& state, std::size_t records);
  Record (*make)(ApiState& state);                  // a new record, dated state.released
  void (*change)(ApiState& state, Record& record);  // one field, to a value that it never had
  std::string (*body)(const ApiState& state);
};

std::span<const Api> apis();
const Api* find_api(std::string_view name);
const Api* route(std::string_view host, std::string_view path);

class World {
 public:
  World(std::uint64_t seed, const std::map<std::string, std::size_t>& records);

  std::uint64_t seed() const { return seed_; }
  Answer serve(const Api& api);

  struct Ticked {
    std::vector<std::string> added;  // keys; in the order in which the body shows them
    std::vector<std::string> changed;
  };
  base::Result<Ticked> tick(std::string_view api, std::size_t add, std::size_t change);
  base::Result<void> edit(std::string_view api, std::size_t index, std::string_view field, Value value);
  base::Result<std::vector<Record>> records(std::string_view api) const;

  static constexpr std::size_t maximum_records = 200'000;

 private:
  ApiState* find(std::string_view api);

  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::map<std::string, ApiState, std::less<>> states_;
};

// The rows that a perfect collector would hold, as a JSON array of objects (truth.cpp; shares no code with
// body()).
std::string truth(const std::vector<Record>& records);

}  // namespace simulator
