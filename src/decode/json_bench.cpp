// Decoding a generated document of 10-column records, beside simdjson's own DOM parse of the same bytes.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>
#include <string>

#include "decode/json.hpp"

namespace {

std::string records(std::int64_t count) {
  std::string body = "[";
  for (std::int64_t i = 0; i < count; ++i) {
    fmt::format_to(std::back_inserter(body),
                   R"({}{{"id":{},"name":"Station {}","country":"NO","lat":{}.{:06},"lon":-{}.5,"active":{},)"
                   R"("updated_at":"2025-11-21T10:{:02}:{:02}Z","price":{}.10,"note":null,)"
                   R"("text":"caf\u00e9 n\u00ba {}"}})",
                   i == 0 ? "" : ",\n", i, i % 977, i % 90, i % 1'000'000, i % 180, i % 3 == 0, i / 60 % 60,
                   i % 60, i % 5000, i);
  }
  return body + "]";
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void decode(benchmark::State& state) {
  const std::string body = records(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    std::string copy = body;
    state.ResumeTiming();
    const auto document = decode::decode_json(std::move(copy));
    if (!document) return state.SkipWithError(document.error().message.c_str());
    benchmark::DoNotOptimize(document->root.items().size());
  }
  report(state, body.size());
}

void simdjson_dom(benchmark::State& state) {
  const std::string body = records(state.range(0));
  for (auto _ : state) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(body).get(root) != simdjson::SUCCESS) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(root);
  }
  report(state, body.size());
}

BENCHMARK(decode)->Arg(100)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(simdjson_dom)->Arg(100)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
