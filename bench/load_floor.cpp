// What bench/load.py measures `pulse collect` against, with nothing in between: no HTTP, no JSON, no checks.
//
//   load_floor copy ROWS [changed] >FILE      the rows as PostgreSQL's binary COPY takes them
//   load_floor sqlite ROWS FILE [changed]     upserts them by one prepared statement in one transaction, from
//                                             memory; prints the seconds from opening to closing the file
#include <sqlite3.h>

#include <bit>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "load_rows.hpp"

namespace {

using load_bench::Row;

std::vector<Row> make_rows(std::int64_t count, bool changed) {
  std::vector<Row> rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    rows.push_back(load_bench::make_row(i, load_bench::is_changed(i, changed)));
  return rows;
}

// ---- PostgreSQL

void put_bytes(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xff);
}

void put_number(std::string& out, std::uint64_t value, unsigned bytes) {
  put_bytes(out, bytes, 4);
  put_bytes(out, value, bytes);
}

void put_text(std::string& out, std::string_view text) {
  put_bytes(out, text.size(), 4);
  out += text;
}

// numeric: how many digits to the base 10,000, the weight of the first, sign, digits behind the point.
void put_price(std::string& out, std::int64_t cents) {
  const auto whole = static_cast<std::uint64_t>(cents / 100);
  const std::uint64_t digits[] = {whole / 10'000, whole % 10'000,
                                  static_cast<std::uint64_t>(cents % 100 * 100)};
  put_bytes(out, 8 + sizeof(digits) / sizeof(*digits) * 2, 4);
  for (const std::uint64_t it : {3, 1, 0, 2}) put_bytes(out, it, 2);
  for (const std::uint64_t it : digits) put_bytes(out, it, 2);
}

void put_row(std::string& out, const Row& row) {
  constexpr std::int64_t year_2000 = 946'684'800;
  put_bytes(out, 10, 2);
  put_number(out, static_cast<std::uint64_t>(row.id), 8);
  for (const std::string* it : {&row.code, &row.name, &row.category, &row.description}) put_text(out, *it);
  put_price(out, row.cents);
  put_number(out, static_cast<std::uint64_t>(row.quantity), 4);
  put_number(out, std::bit_cast<std::uint64_t>(row.rating), 8);
  put_number(out, row.active ? 1 : 0, 1);
  put_number(out, static_cast<std::uint64_t>((row.updated - year_2000) * 1'000'000), 8);
}

int write_copy(std::int64_t count, bool changed) {
  std::string out("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (std::int64_t i = 0; i < count; ++i) {
    put_row(out, load_bench::make_row(i, load_bench::is_changed(i, changed)));
    if (out.size() < (1u << 20)) continue;
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  }
  put_bytes(out, 0xffff, 2);
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() && std::fflush(stdout) == 0 ? 0 : 1;
}

// ---- SQLite

constexpr char create_table[] =
    "CREATE TABLE IF NOT EXISTS items (id INTEGER NOT NULL, code TEXT, name TEXT, category TEXT, description "
    "TEXT, price TEXT, quantity INTEGER, rating REAL, active INTEGER, updated_at TEXT, _run_id TEXT NOT "
    "NULL, "
    "_loaded_at TEXT NOT NULL, PRIMARY KEY (id))";
constexpr char upsert[] =
    "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'floor', '2024-01-01T00:00:00.000000Z') ON "
    "CONFLICT "
    "(id) DO UPDATE SET code = excluded.code, name = excluded.name, category = excluded.category, "
    "description = "
    "excluded.description, price = excluded.price, quantity = excluded.quantity, rating = excluded.rating, "
    "active = "
    "excluded.active, updated_at = excluded.updated_at, _run_id = excluded._run_id, _loaded_at = "
    "excluded._loaded_at WHERE code IS NOT excluded.code OR name IS NOT excluded.name OR category IS NOT "
    "excluded.category OR description IS NOT excluded.description OR price IS NOT excluded.price OR quantity "
    "IS NOT "
    "excluded.quantity OR rating IS NOT excluded.rating OR active IS NOT excluded.active OR updated_at IS "
    "NOT "
    "excluded.updated_at";

void must(sqlite3* database, bool good) {
  if (good) return;
  fmt::print(stderr, "{}\n", sqlite3_errmsg(database));
  std::exit(1);
}

void put(sqlite3* database, sqlite3_stmt* statement, const Row& row, const std::string& price,
         const std::string& updated_at) {
  int slot = 0;
  sqlite3_bind_int64(statement, ++slot, row.id);
  for (const std::string* it : {&row.code, &row.name, &row.category, &row.description, &price})
    sqlite3_bind_text(statement, ++slot, it->data(), static_cast<int>(it->size()), SQLITE_STATIC);
  sqlite3_bind_int64(statement, ++slot, row.quantity);
  sqlite3_bind_double(statement, ++slot, row.rating);
  sqlite3_bind_int(statement, ++slot, row.active ? 1 : 0);
  sqlite3_bind_text(statement, ++slot, updated_at.data(), static_cast<int>(updated_at.size()), SQLITE_STATIC);
  must(database, sqlite3_step(statement) == SQLITE_DONE);
  sqlite3_reset(statement);
}

int fill_sqlite(std::int64_t count, const char* path, bool changed) {
  const std::vector<Row> rows = make_rows(count, changed);
  std::vector<std::string> prices, times;
  for (const Row& row : rows) {
    prices.push_back(row.price());
    times.push_back(row.updated_at() + ".000000Z");
  }
  const auto start = std::chrono::steady_clock::now();
  sqlite3* database = nullptr;
  must(database, sqlite3_open(path, &database) == SQLITE_OK);
  const auto run = [&](const char* sql) {
    must(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  };
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
  run(create_table);
  sqlite3_stmt* statement = nullptr;
  must(database, sqlite3_prepare_v2(database, upsert, -1, &statement, nullptr) == SQLITE_OK);
  for (std::size_t i = 0; i < rows.size(); ++i) put(database, statement, rows[i], prices[i], times[i]);
  sqlite3_finalize(statement);
  run("COMMIT");
  must(database, sqlite3_close(database) == SQLITE_OK);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  fmt::print("{:.6f}\n", taken.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  const bool changed = std::string_view(argv[argc - 1]) == "changed";
  if (what == "copy") return write_copy(std::atoll(argv[2]), changed);
  if (what == "sqlite" && argc > 3) return fill_sqlite(std::atoll(argv[2]), argv[3], changed);
  fmt::print(stderr, "usage: load_floor copy ROWS [changed] | sqlite ROWS FILE [changed]\n");
  return 2;
}
