#include "simulator/world.hpp"

#include <algorithm>
#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

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

std::string key_of(const Api& api, const Record& record) {
  std::string key;
  for (std::size_t at = 0; at < api.key.size();) {
    const std::size_t end = std::min(api.key.find(',', at), api.key.size());
    key.append(at == 0 ? "" : "|").append(text_of(record, api.key.substr(at, end - at)));
    at = end + 1;
  }
  return key;
}

// The API that owns the records which `api` shows.
const Api& owner(const Api& api) { return api.source.empty() ? api : *find_api(api.source); }

base::Error unknown_api(std::string_view name) {
  if (find_api(name) != nullptr)
    return base::error(base::Code::invalid_data,
                       "'{}' has no records to read or change: ask it as its clients do", name);
  std::vector<std::string> known;
  for (const Api& api : apis()) known.emplace_back(api.name);
  return base::error(base::Code::invalid_data, "unknown api '{}'; known: {}", name, fmt::join(known, ", "));
}

}  // namespace

std::span<const Api> apis() {
  static const std::array all{kev_api(),
                              kev_csv_api(),
                              techcrunch_api(),
                              spacedevs_api(),
                              who_gho_api(),
                              eurostat_api(),
                              npm_api(),
                              stackexchange_api(),
                              nih_api(),
                              vscode_api(),
                              exchange_rates_api(),
                              scielo_api(),
                              producthunt_api(),
                              conferences_api(),
                              github_search_api(),
                              hackernews_api(),
                              arxiv_api(),
                              worldbank_api(),
                              openalex_api(),
                              nvd_api(),
                              bacen_sgs_api(),
                              ibge_sidra_api(),
                              owid_energy_api(),
                              ilostat_api(),
                              football_api()};
  return all;
}

const Api* find_api(std::string_view name) {
  const auto found = std::find_if(apis().begin(), apis().end(), [&](auto& api) { return api.name == name; });
  return found == apis().end() ? nullptr : &*found;
}

// The exact path before the longest "/…/*".
const Api* route(std::string_view host, std::string_view path) {
  const Api* best = nullptr;
  for (const Api& api : apis()) {
    if (api.host != host) continue;
    if (api.path == path) return &api;
    if (api.path.ends_with('*') && path.starts_with(api.path.substr(0, api.path.size() - 1)) &&
        (best == nullptr || api.path.size() > best->path.size()))
      best = &api;
  }
  return best;
}

Answer World::serve(const Api& api, const ApiRequest& request) {
  const std::lock_guard lock(mutex_);
  if (api.service != nullptr) {
    auto& service = services_[std::string(api.name)];
    if (!service) service = api.service(seed_);
    return service->answer(request);
  }
  ApiState& state = *find(api.name);
  Answer answer{.content_type = std::string(api.content_type)};
  if (api.answer != nullptr) {
    answer = api.answer(state, request);
  } else if (!api.source.empty()) {
    answer.body = std::make_shared<const std::string>(api.body(state));
  } else {
    if (!state.body) state.body = std::make_shared<const std::string>(api.body(state));
    answer.body = state.body;
  }
  if (answer.status == 200 && answer.body) {
    answer.headers.emplace_back("ETag", fmt::format("\"{:016x}\"", hash(*answer.body)));
    answer.headers.emplace_back("Last-Modified", rfc822(state.released, "GMT"));
  }
  return answer;
}

void World::replace(std::string_view api, std::unique_ptr<Service> service) {
  const std::lock_guard lock(mutex_);
  services_[std::string(api)] = std::move(service);
}

base::Result<World::Ticked> World::tick(std::string_view name, std::size_t add, std::size_t change) {
  const std::lock_guard lock(mutex_);
  if (const Api* api = find_api(name); api != nullptr && api->service != nullptr) return Ticked{};
  ApiState* state = find(name);
  if (state == nullptr) return unknown_api(name);
  if (add > maximum_records - std::min(maximum_records, state->records.size()))
    return base::error(base::Code::invalid_data, "more than {} records", maximum_records);
  const Api& api = owner(*find_api(name));
  ++state->ticks;
  state->released = clock_ != nullptr ? clock_->wall() : state->released + 6h;
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
  const ApiState* state = find(name);
  if (state == nullptr) return unknown_api(name);
  return state->records;
}

// Made when it is first asked for: most tests want one API of many.
ApiState* World::find(std::string_view name) const {
  const Api* shown = find_api(name);
  if (shown == nullptr || shown->service != nullptr) return nullptr;
  const Api& api = owner(*shown);
  const auto found = states_.find(api.name);
  if (found != states_.end()) return &found->second;
  ApiState& state = states_[std::string(api.name)];
  state.rng = base::Rng(seed_ ^ hash(api.name));  // a new API does not change the others' data
  state.released = clock_ != nullptr ? clock_->wall() : first_release;
  const auto wanted = wanted_.find(std::string(api.name));
  api.generate(state, std::min(wanted == wanted_.end() ? api.records : wanted->second, maximum_records));
  return &state;
}

}  // namespace simulator
