// Records of plain values become rows without a single allocation: a million rows are then no million calls
// of malloc.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "collect/mapper.hpp"
#include "config/collector.hpp"
#include "count_allocations.hpp"
#include "decode/json.hpp"

namespace {

config::Collector collector_with(const std::string& fields) {
  config::Faults faults;
  auto source = config::parse_collector(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items}\nfields: {" + fields +
          "}\ndestination: {table: items, primary_key: [id]}\n",
      "items.yaml", faults);
  const auto no_variables = [](std::string_view) { return std::optional<std::string>(); };
  auto collector =
      source ? config::read_collector(*std::move(source), {}, no_variables, faults) : std::nullopt;
  if (!collector) {
    ADD_FAILURE() << faults.text();
    std::abort();
  }
  return *std::move(collector);
}

// Of 100 rows, after a first one.
std::size_t allocations_of(const std::string& fields) {
  const config::Collector collector = collector_with(fields);
  const auto document = decode::decode_json(
      R"([{"id": 7, "name": " A name much longer than what a std::string holds in itself ", "empty": "",
           "price": 12345678901234567890.10, "exponent": 1.5e3, "share": "0.25", "active": true, "count": "12",
           "day": "2025-11-21", "time": "2025-11-21T10:15:07.123+02:00", "rfc": "Fri, 21 Nov 2025 10:15:07 +0000",
           "epoch": 1763720107, "epoch_ms": 1763720107123, "word": "fa59a9c7-5f0c-4d0c-9c3e-9f7e4b9c1d2a",
           "inner": {"list": [{"lang": "es", "text": "no"}, {"lang": "en", "text": "yes"}]}, "tags": ["a", "b"]}])");
  collect::Mapper mapper(collector.fields);
  if (!document || !mapper.begin_slice({})) {
    ADD_FAILURE() << "the test itself is wrong";
    return 0;
  }
  const decode::Value& record = document->root.items()[0];
  const bool first = mapper.map(record, *document, 1).has_value();
  EXPECT_TRUE(first) << (first ? "" : mapper.take_bad()->reason);
  const std::size_t before = count_allocations();
  for (std::int64_t i = 0; i < 100; ++i) mapper.map(record, *document, i + 2);
  return count_allocations() - before;
}

class PlainField : public testing::TestWithParam<const char*> {};

TEST_P(PlainField, TakesNoAllocation) {
  EXPECT_EQ(allocations_of(std::string("id: {path: id, type: integer}, x: ") + GetParam()), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    MapperAllocations, PlainField,
    testing::Values("name", "{path: name, max_length: 5, truncate: true}", "{path: name, case: upper}",
                    "empty", "missing", "{path: missing, default: none}", "{value: constant}",
                    "{path: id, type: bigint}", "{path: count, type: integer, range: [0, 100]}",
                    "{path: price, type: number}", "{path: share, type: 'number(10,4)'}",
                    "{path: share, type: double}", "{path: active, type: boolean}", "{path: day, type: date}",
                    "{path: time, type: timestamp}", "{path: time, type: timestamp_local, timezone: UTC}",
                    "{path: rfc, type: timestamp, formats: [rfc822]}",
                    "{path: epoch, type: timestamp, formats: [epoch]}",
                    "{path: epoch_ms, type: timestamp, formats: [epoch_ms]}", "{path: word, type: uuid}",
                    "'inner.list[0].text'"));

// A filter gathers its items before they are known to be few.
TEST(MapperAllocations, OneForAFilter) {
  EXPECT_LE(allocations_of("id: {path: id, type: integer}, x: \"inner.list[?lang == 'en'].text | [0]\""),
            100U);
}

}  // namespace
