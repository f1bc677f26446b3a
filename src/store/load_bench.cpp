// Rows a second of Connection::load into a TEMP table, as staging does.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/sqlite.hpp"

namespace {

void load(benchmark::State& state) {
  const auto columns = static_cast<std::size_t>(state.range(0));
  std::string folder = (std::filesystem::temp_directory_path() / "load_bench_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  {
    base::SystemClock clock;
    auto database = store::open_sqlite({.path = folder + "/bench.db"}, clock, {}).value();
    auto session = database->session({}).value();
    std::vector<std::string> names;
    std::string declared;
    for (std::size_t i = 0; i < columns; ++i) {
      names.push_back(fmt::format("c{}", i));
      declared += (i == 0 ? "" : ", ") + names.back();
    }
    constexpr std::int64_t rows = 100'000;
    for (auto _ : state) {
      const auto done =
          session->transact(store::Access::staging, {}, [&](store::Connection& c) -> base::Result<void> {
            TRY(c.execute("DROP TABLE IF EXISTS staging"));
            TRY(c.execute("CREATE TEMP TABLE staging (" + declared + ")"));
            std::vector<store::Param> row(columns, store::Param("some text of a cell"));
            std::int64_t next = 0;
            TRY(c.load("staging", names, [&]() -> std::optional<std::span<const store::Param>> {
              if (next == rows) return std::nullopt;
              row[0] = next++;
              return row;
            }));
            return {};
          });
      if (!done) state.SkipWithError(done.error().message.c_str());
    }
    state.SetItemsProcessed(state.iterations() * rows);
  }
  std::filesystem::remove_all(folder);
}

BENCHMARK(load)->Arg(3)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
