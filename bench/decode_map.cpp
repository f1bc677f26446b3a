// What a collector does with one answer, without network and database: decode, select, map every record to
// the parameters of its row. One line of key=value pairs, so that people and scripts can read it; with --rows
// the rows instead, one JSON array a line.
//
//   decode_map COLLECTOR.yaml BODY [--rows]
//
// Exit code 1: the collector or the body cannot be used, the reason is on standard error.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "collect/decoding.hpp"
#include "collect/mapper.hpp"
#include "collect/selector.hpp"
#include "config/collector.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t max_size = std::uint64_t{1} << 30;  // of the body, unpacked

struct Measure {
  std::size_t rows = 0, bad = 0;
  Clock::duration decoding{}, mapping{};
};

base::Result<std::string> read_file(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return base::error(base::Code::invalid_config, "{} cannot be read; name a file", path);
  std::string text(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0).read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) return base::error(base::Code::invalid_config, "{} cannot be read to its end", path);
  return text;
}

base::Result<config::Collector> read_collector(const char* path) {
  config::Faults faults;
  auto source = config::parse_collector(TRY(read_file(path)), path, faults);
  const auto no_variables = [](std::string_view) { return std::optional<std::string>(); };
  auto collector =
      source ? config::read_collector(*std::move(source), {}, no_variables, faults) : std::nullopt;
  if (!collector) return base::error(base::Code::invalid_config, "{}", faults.text());
  return *std::move(collector);
}

void print_row(std::span<const store::Param> row) {
  std::vector<decode::Value> values;
  std::vector<std::string> numbers(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (const auto* text = std::get_if<std::string_view>(&row[i])) {
      values.push_back(decode::Value::string(*text));
      continue;
    }
    if (const auto* whole = std::get_if<std::int64_t>(&row[i])) numbers[i] = fmt::format("{}", *whole);
    if (const auto* real = std::get_if<double>(&row[i])) numbers[i] = fmt::format("{}", *real);
    values.push_back(numbers[i].empty() ? decode::Value() : decode::Value::number(numbers[i]));
  }
  fmt::print("{}\n", decode::to_json(decode::Value::array(values)));
}

base::Result<Measure> measure(const config::Collector& collector, std::string body, bool print_rows) {
  collect::Selector selector(collector.record_selector);
  collect::Mapper mapper(collector.fields);
  TRY(selector.begin_slice({}));
  TRY(mapper.begin_slice({}));
  http::Response response;
  response.body = std::move(body);
  response.url = "the file";

  Measure result;
  const auto start = Clock::now();
  const collect::Decoded decoded = TRY(collect::decode_answer(collector.decoder, response, max_size));
  const auto middle = Clock::now();
  std::pmr::monotonic_buffer_resource arena;
  const collect::Selected selected = TRY(selector.select(decoded.document, decoded.type, arena));
  std::int64_t position = 0;
  for (const decode::Value& record : selected.records) {
    const auto row = mapper.map(record, decoded.document, ++position);
    ++(row ? result.rows : result.bad);
    if (row && print_rows) print_row(*row);
    if (const auto bad = mapper.take_bad(); bad && print_rows)
      fmt::print(stderr, "record {}: {}: {}\n", bad->position, bad->column, bad->reason);
  }
  result.decoding = middle - start;
  result.mapping = Clock::now() - middle;
  return result;
}

base::Result<void> run(const char* collector_path, const char* body_path, bool print_rows) {
  const config::Collector collector = TRY(read_collector(collector_path));
  std::string body = TRY(read_file(body_path));
  const double megabytes = static_cast<double>(body.size()) / 1e6;
  const Measure measured = TRY(measure(collector, std::move(body), print_rows));
  if (print_rows) return {};

  const std::chrono::duration<double> decoding = measured.decoding, mapping = measured.mapping;
  const double seconds = (decoding + mapping).count();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("rows={} bad={} decode_s={:.4f} map_s={:.4f} rows_per_s={:.0f} mb_per_s={:.1f} peak_mb={:.1f}\n",
             measured.rows, measured.bad, decoding.count(), mapping.count(),
             static_cast<double>(measured.rows) / seconds, megabytes / seconds,
             static_cast<double>(usage.ru_maxrss) * 1024 / 1e6);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const bool print_rows = argc == 4 && std::string_view(argv[3]) == "--rows";
  if (argc != 3 && !print_rows) {
    fmt::print(stderr, "usage: decode_map COLLECTOR.yaml BODY [--rows]\n");
    return 64;
  }
  const auto result = run(argv[1], argv[2], print_rows);
  if (result) return 0;
  fmt::print(stderr, "decode_map: {}\n", result.error().message);
  return 1;
}
