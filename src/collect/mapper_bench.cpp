// One record to the parameters of its row: nanoseconds for each type of field, beside the key alone.
#include <benchmark/benchmark.h>

#include <optional>
#include <string>

#include "collect/mapper.hpp"
#include "config/collector.hpp"
#include "decode/json.hpp"

namespace {

constexpr std::string_view record =
    R"([{"id": 7, "name": "A name as long as many are", "price": 12345.10, "share": "0.25", "active": true,
         "day": "2025-11-21", "time": "2025-11-21T10:15:07.123+02:00", "rfc": "Fri, 21 Nov 2025 10:15:07 +0000",
         "epoch": 1763720107, "uuid": "fa59a9c7-5f0c-4d0c-9c3e-9f7e4b9c1d2a", "tags": ["a", "b"],
         "inner": {"list": [{"lang": "es", "text": "no"}, {"lang": "en", "text": "yes"}]}}])";

std::optional<config::Collector> collector_with(const std::string& field) {
  config::Faults faults;
  auto source = config::parse_collector(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items}\nfields:\n"
      "  id: {path: id, type: integer}\n" +
          field + "destination: {table: items, primary_key: [id]}\n",
      "items.yaml", faults);
  const auto no_variables = [](std::string_view) { return std::optional<std::string>(); };
  return source ? config::read_collector(*std::move(source), {}, no_variables, faults) : std::nullopt;
}

void map(benchmark::State& state, const std::string& field) {
  const auto collector = collector_with(field);
  const auto document = decode::decode_json(std::string(record));
  if (!collector || !document) return state.SkipWithError("the field or the record is wrong");
  collect::Mapper mapper(collector->fields);
  if (!mapper.begin_slice({})) return state.SkipWithError("the field is wrong");
  for (auto _ : state) {
    const auto row = mapper.map(document->root.items()[0], *document, 1);
    if (!row) return state.SkipWithError("the record does not fit");
    benchmark::DoNotOptimize(row->data());
  }
}

BENCHMARK_CAPTURE(map, key_alone, "");
BENCHMARK_CAPTURE(map, text, "  x: name\n");
BENCHMARK_CAPTURE(map, upper_case, "  x: {path: name, case: upper}\n");
BENCHMARK_CAPTURE(map, regex, "  x: {path: name, regex: '[A-Za-z ]+'}\n");
BENCHMARK_CAPTURE(map, number, "  x: {path: price, type: number}\n");
BENCHMARK_CAPTURE(map, number_10_2, "  x: {path: price, type: 'number(10,2)'}\n");
BENCHMARK_CAPTURE(map, floating, "  x: {path: share, type: double}\n");
BENCHMARK_CAPTURE(map, boolean, "  x: {path: active, type: boolean}\n");
BENCHMARK_CAPTURE(map, date, "  x: {path: day, type: date}\n");
BENCHMARK_CAPTURE(map, timestamp, "  x: {path: time, type: timestamp}\n");
BENCHMARK_CAPTURE(map, rfc822, "  x: {path: rfc, type: timestamp, formats: [rfc822]}\n");
BENCHMARK_CAPTURE(map, epoch, "  x: {path: epoch, type: timestamp, formats: [epoch]}\n");
BENCHMARK_CAPTURE(map, uuid, "  x: {path: uuid, type: uuid}\n");
BENCHMARK_CAPTURE(map, text_list, "  x: {path: tags, type: 'text[]'}\n");
BENCHMARK_CAPTURE(map, json, "  x: {path: inner, type: json}\n");
BENCHMARK_CAPTURE(map, path_of_three, "  x: 'inner.list[1].text'\n");
BENCHMARK_CAPTURE(map, path_with_a_filter, "  x: \"inner.list[?lang == 'en'].text | [0]\"\n");

}  // namespace
