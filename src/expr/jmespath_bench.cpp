// Expressions of a mapping; and a selection from 10,000 records.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <iterator>
#include <memory_resource>
#include <string>

#include "decode/json.hpp"
#include "expr/jmespath.hpp"

namespace {

constexpr const char* record =
    R"({"id": "CVE-2024-1", "cve": {"published": "2024-01-02T03:04:05Z", "score": 7.5,
  "metrics": {"v31": [{"data": {"base": 9.8}}]}}, "descriptions": [{"lang": "es", "value": "uno"},
  {"lang": "en", "value": "one"}], "tags": ["a", "b", "c"], "amount": "1,234.50"})";

void expression(benchmark::State& state, const char* text) {
  const auto document = decode::decode_json(record);
  const auto expression = expr::Expression::parse(text);
  if (!expression) return state.SkipWithError(expression.error().message.c_str());
  std::array<std::byte, 4096> buffer;
  for (auto _ : state) {
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    const auto result = expression->evaluate(document->root, arena);
    if (!result) return state.SkipWithError(result.error().c_str());
    benchmark::DoNotOptimize(*result);
  }
  state.SetItemsProcessed(state.iterations());
}

void records(benchmark::State& state, const char* text) {
  std::string body = "[";
  for (int i = 0; i < 10'000; ++i) {
    fmt::format_to(std::back_inserter(body),
                   R"({}{{"id":{},"price":{}.{:02},"kind":"{}","inner":{{"v":{}}}}})", i == 0 ? "" : ",", i,
                   i % 977, i % 100, i % 3 == 0 ? "a" : "b", i % 7);
  }
  const auto document = decode::decode_json(body + "]");
  const auto expression = expr::Expression::parse(text);
  if (!expression) return state.SkipWithError(expression.error().message.c_str());
  for (auto _ : state) {
    std::pmr::monotonic_buffer_resource arena;
    const auto result = expression->evaluate(document->root, arena);
    if (!result) return state.SkipWithError(result.error().c_str());
    benchmark::DoNotOptimize(*result);
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}

void parse(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(expr::Expression::parse("descriptions[?lang == 'en'].value | [0] || 'none'"));
}

BENCHMARK_CAPTURE(expression, plain, "cve.metrics.v31[0].data.base");
BENCHMARK_CAPTURE(expression, filter, "descriptions[?lang == 'en'].value | [0]");
BENCHMARK_CAPTURE(expression, function, "join(',', tags)");
BENCHMARK_CAPTURE(expression, number, "to_number(replace(amount, ',', ''))");
BENCHMARK_CAPTURE(expression, hash, "{id: id, score: cve.score, tag: tags[0]}");
BENCHMARK_CAPTURE(expression, regex, "regex_extract(id, 'CVE-([0-9]+)')");
BENCHMARK_CAPTURE(expression, epoch, "to_epoch(cve.published)");
BENCHMARK_CAPTURE(records, project, "[*].inner.v")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(records, filter, "[?kind == 'a' && price > `100`]")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(records, sum, "sum([*].price)")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(records, sort, "sort_by(@, &price)")->Unit(benchmark::kMicrosecond);
BENCHMARK(parse);

}  // namespace
