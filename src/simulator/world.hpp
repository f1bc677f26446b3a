// The data of the fake outside world: one table of records per API, made from a seed. The same seed and the
// same calls give the same bytes on every machine; data changes by tick() and edit() only, never by being
// asked for. No network, and without --live no clock. World is thread-safe; Api's functions run under its
// lock.
//
//   World world(7, {{"kev", 1404}});
//   world.tick("kev", 2, 1);                        // two new records in front, one old one changed
//   Answer answer = world.serve(*find_api("kev"));  // the body a client would get
#pragma once

#include <chrono>
#include <cstddef>
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
struct Decimal {  // a number with a fraction: the body has it as a number, the truth as text, digit by digit
  std::string text;
};
using Value =
    std::variant<std::string, std::int64_t, std::vector<std::string>, RawJson, std::nullptr_t, bool, Decimal>;

struct Field {
  std::string name;
  Value value;
};
using Record = std::vector<Field>;  // in the order in which the API prints them

struct ApiRequest {
  std::string method = "GET";
  std::string path{};                               // below the host, decoded
  std::multimap<std::string, std::string> query{};  // decoded
  std::map<std::string, std::string> headers{};     // names in lower case
  std::string body{};
  base::WallTime time{};  // when it came, for headers that speak of now
};

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

// An API that is more than a table of records: it keeps a state of its own, which no tick changes, and
// has neither edit nor truth.
class Service {
 public:
  virtual ~Service() = default;
  virtual Answer answer(const ApiRequest& request) = 0;  // under the World's lock
};

// One simulated API. A new one is a .cpp file with these functions and a line in apis(). Its answers are one
// body for everybody, or what `answer` makes of each request (helpers: api_tools.hpp), or a service's.
struct Api {
  std::string_view name;
  std::string_view host;
  std::string_view path;   // "/v2/launch/*": and all below
  std::string_view key{};  // field that identifies a record; several: "dataset,geo,time", keys are "a|b|c"
  std::string_view content_type = "application/json";
  std::size_t records = 0;  // unless the user says otherwise
  void (*generate)(ApiState& state, std::size_t records) = nullptr;
  Record (*make)(ApiState& state) = nullptr;                  // a new record, dated state.released
  void (*change)(ApiState& state, Record& record) = nullptr;  // one field, to a value that it never had
  std::string (*body)(const ApiState& state) = nullptr;
  Answer (*answer)(const ApiState& state, const ApiRequest& request) = nullptr;
  std::string_view method = "GET";  // "POST": nothing else
  std::string_view source{};        // the API whose records this one shows in another form
  std::unique_ptr<Service> (*service)(std::uint64_t seed) = nullptr;  // instead of all functions above
};

std::span<const Api> apis();
const Api* find_api(std::string_view name);
const Api* route(std::string_view host, std::string_view path);

class World {
 public:
  // With a clock its data are of today, and those that change are of now; else they begin on a day of 2025,
  // and each tick is six hours.
  World(std::uint64_t seed, std::map<std::string, std::size_t> records, const base::Clock* clock = nullptr)
      : seed_(seed), wanted_(std::move(records)), clock_(clock) {}

  std::uint64_t seed() const { return seed_; }
  Answer serve(const Api& api, const ApiRequest& request = {});
  void replace(std::string_view api, std::unique_ptr<Service> service);  // the service that came with the API

  struct Ticked {
    std::vector<std::string> added;  // keys; in the order in which the body shows them
    std::vector<std::string> changed;
  };
  base::Result<Ticked> tick(std::string_view api, std::size_t add, std::size_t change);
  base::Result<void> edit(std::string_view api, std::size_t index, std::string_view field, Value value);
  base::Result<std::vector<Record>> records(std::string_view api) const;

  static constexpr std::size_t maximum_records = 200'000;

 private:
  ApiState* find(std::string_view api) const;

  const std::uint64_t seed_;
  const std::map<std::string, std::size_t> wanted_;  // numbers of records
  const base::Clock* const clock_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, ApiState, std::less<>> states_;
  std::map<std::string, std::unique_ptr<Service>, std::less<>> services_;
};

// The rows that a perfect collector would hold, as a JSON array of objects (truth.cpp; shares no code with
// body()).
std::string truth(const std::vector<Record>& records);

}  // namespace simulator
