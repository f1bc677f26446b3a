// The same records give the same rows, the same counts and the same misfits whatever the engine (CO9, CO10):
// what one of them would refuse is found before any SQL.
#include <gtest/gtest.h>

#include "base/decimal.hpp"
#include "base/rng.hpp"
#include "collect/cast_json.hpp"
#include "collect/destination_fixture_test.hpp"
#include "collect/mapper.hpp"

namespace {

using collect::Counts;
using collect::Destination;
using collect::Mapper;
using collect::testing::Lines;
using collect::testing::Staged;

const char* const all_fields =
    "{id: {path: id, type: bigint}, part: {path: part, default: '-'}, t: {path: t, trim: false}, "
    "v: {path: v, type: varchar(5)}, w: {path: w, max_length: 3, truncate: true}, i: {path: i, type: "
    "integer}, "
    "b: {path: b, type: bigint}, n: {path: n, type: number}, m: {path: m, type: 'number(6,2)'}, "
    "r: {path: r, type: double}, o: {path: o, type: boolean}, d: {path: d, type: date}, "
    "s: {path: s, type: timestamp, timezone: UTC}, e: {path: e, type: timestamp, formats: [epoch]}, "
    "l: {path: l, type: timestamp_local, timezone: America/Sao_Paulo}, u: {path: u, type: uuid}, "
    "j: {path: j, type: json}, x: {path: x, type: 'text[]'}, y: {path: y, type: 'integer[]'}}";

struct Given {
  const char* field;
  const char* json;
};
const Given hand_picked[] = {
    {"t", R"("")"},
    {"t", R"(" ")"},
    {"t", R"("\\N")"},
    {"t", R"("\\.")"},
    {"t", R"("a\tb\nc\rd\\e\be\ff")"},
    {"t", R"("NULL")"},
    {"t", R"("it's; DROP TABLE items; -- $1 {pulse} %s")"},
    {"t", R"("\u0000")"},
    {"t", R"("a\u0000b")"},
    {"t", R"("\ud800")"},
    {"t", R"("\ude00\ud83d")"},
    {"t", R"("\ud83d\ude00")"},
    {"t", R"("\ufffe\uffff\ufeff")"},
    {"t", R"("e\u0301 \u00e9 \u1e9e \u200d")"},
    {"t", "\"\xff\xfe\""},
    {"t", "\"\xed\xa0\x80\""},
    {"t", "\"\xf4\x90\x80\x80\""},
    {"t", "true"},
    {"t", "1e5"},
    {"t", "1.10"},
    {"t", "{}"},
    {"t", "[]"},
    {"v", R"("12345")"},
    {"v", R"("123456")"},
    {"v", R"("ééééé")"},
    {"v", R"("\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00")"},
    {"v", R"("\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00x")"},
    {"v", R"("12345 ")"},
    {"w", R"("\ud83d\ude00éxyz")"},
    {"w", R"("a\u0000bcd")"},
    {"w", R"("abc\u0000")"},
    {"i", "2147483647"},
    {"i", "2147483648"},
    {"i", "-2147483648"},
    {"i", "-2147483649"},
    {"i", R"("+7")"},
    {"i", "1e2"},
    {"i", "1.0"},
    {"i", "1.5"},
    {"i", "-0"},
    {"i", R"("٣")"},
    {"i", "1e999999999"},
    {"b", "9223372036854775807"},
    {"b", "9223372036854775808"},
    {"b", "-9223372036854775808"},
    {"b", "9.223372036854775807e18"},
    {"n", "1.10"},
    {"n", "-0.0"},
    {"n", "1e400"},
    {"n", "1e-400"},
    {"n", "1e999"},
    {"n", "1e1000"},
    {"n", "1e999999999"},
    {"n", "1e-999999999"},
    {"n", "12345678901234567890123456789.123456789012345678901234567890"},
    {"n", R"("NaN")"},
    {"n", R"("Infinity")"},
    {"n", R"("0x10")"},
    {"n", R"("1_000")"},
    {"m", "9999.99"},
    {"m", "10000"},
    {"m", "1.005"},
    {"m", "1.5000"},
    {"m", "-9999.990"},
    {"m", "1e3"},
    {"r", "1.7976931348623157e308"},
    {"r", "1e309"},
    {"r", "5e-324"},
    {"r", "1e-400"},
    {"r", "-0.0"},
    {"r", "0.1"},
    {"r", "123456789012345678901234567890"},
    {"r", R"("inf")"},
    {"o", R"("YES")"},
    {"o", "1"},
    {"o", R"("on")"},
    {"d", R"("0001-01-01")"},
    {"d", R"("0000-12-31")"},
    {"d", R"("9999-12-31")"},
    {"d", R"("10000-01-01")"},
    {"d", R"("2024-02-29")"},
    {"d", R"("2025-02-29")"},
    {"d", R"("infinity")"},
    {"d", R"("today")"},
    {"d", R"("2025-11-21T00:00:00Z")"},
    {"s", R"("9999-12-31T23:59:59.999999Z")"},
    {"s", R"("9999-12-31T23:59:59-01:00")"},
    {"s", R"("0001-01-01T00:00:00Z")"},
    {"s", R"("0001-01-01T00:00:00+01:00")"},
    {"s", R"("2025-11-21T24:00:00Z")"},
    {"s", R"("2016-12-31T23:59:60Z")"},
    {"s", R"("2025-11-21 10:30:02.1234567-03:00")"},
    {"s", R"("now")"},
    {"e", "1e300"},
    {"e", "-62135596800"},
    {"e", "-62135596801"},
    {"e", "253402300799.9999999"},
    {"e", "0.0000001"},
    {"l", R"("2018-11-04T00:30:00")"},
    {"l", R"("2025-11-21T10:30:02Z")"},
    {"u", R"("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")"},
    {"u", R"("{a0eebc999c0b4ef8bb6d6bb9bd380a11}")"},
    {"u", R"("a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11")"},
    {"j", R"({"b":1.10,"a":[1e2,null,true,"\\\"\u0001\u2028"]})"},
    {"j", R"({"a":"\u0000"})"},
    {"j", R"({"\u0000":1})"},
    {"j", R"({"a":{"b":["x\u0000"]}})"},
    {"j", R"({"a":"\udead"})"},
    {"j", R"({"a":1,"a":2})"},
    {"j", R"({"":""})"},
    {"j", "1e400"},
    {"j", "1e131072"},
    {"j", "[1e999999]"},
    {"j", R"({"a":[1e-20000]})"},
    {"j", "-0.0"},
    {"j", R"("text")"},
    {"j", "false"},
    {"j", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"},
    {"x", "[]"},
    {"x",
     R"(["", " ", "NULL", "null", null, "a,b", "{}", "{", "}", "\"", "\\", "\\\\\"", "a b", "é😀", "\n\t"])"},
    {"x", R"(["'", "$1", "\\N", "(", "[1:2]={a}"])"},
    {"x", R"(["a\u0000"])"},
    {"x", R"(["\udead"])"},
    {"x", R"([1, 1.10, true])"},
    {"x", R"([["a"]])"},
    {"x", R"("a,b")"},
    {"y", "[]"},
    {"y", R"([1, -2, "3", 4.0])"},
    {"y", "[2147483647, 2147483648]"},
    {"y", "[null]"},
    {"y", R"([""])"},
    {"part", R"("a\u0000")"},
    {"part", R"("\ufeff' OR 1=1")"},
    {"id", "null"},
    {"id", R"("x")"},
    {"id", "1e30"},
};

struct Side {
  explicit Side(const store::testing::Engine& engine)
      : database(engine.open(folder)), session(store::testing::session_of(*database)) {}

  store::testing::TempFolder folder;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Session> session;
};

class EnginesTest : public testing::Test {
 protected:
  struct Loaded {
    Lines misfits;
    Staged counts;
  };
  Loaded load_into(Side& side, const std::string& run, const std::vector<std::string>& records) {
    Loaded loaded{{}, {}};
    const auto done = [&]() -> base::Result<void> {
      Destination destination(collector_, run, *side.database, *side.session);
      TRY(destination.verify({}));
      Mapper mapper(destination.fields(), {.lists = destination.list_style()});
      TRY(mapper.begin_slice({}));
      std::string body = "[";
      for (const std::string& record : records) body += (body.size() > 1 ? ",\n" : "") + record;
      const auto document = collect::testing::document_of(body + "]");
      std::size_t next = 0;
      const auto items = document.root.items();
      const store::RowSource rows = [&]() -> std::optional<std::span<const store::Param>> {
        while (next < items.size()) {
          const auto position = static_cast<std::int64_t>(next + 1);
          if (const auto row = mapper.map(items[next++], document, position)) return row;
          const auto bad = mapper.take_bad();
          loaded.misfits.push_back(fmt::format("{} {} {}", records[next - 1], bad->column, bad->reason));
        }
        return std::nullopt;
      };
      TRY(destination.stage(rows, {}));
      Counts counts;
      TRY(destination.fold(counts, {}));
      TRY(side.session->transact(store::Access::write, {}, [&](store::Connection& c) {
        return destination.merge(c, clock_.wall(), counts);
      }));
      loaded.counts = collect::testing::staged(counts);
      return destination.reset({});
    }();
    EXPECT_TRUE(done) << side.database->dialect().name() << ": " << store::testing::message_of(done);
    return loaded;
  }

  static std::string canonical_json(const std::string& text) {
    const auto document = collect::testing::document_of(text);
    std::pmr::monotonic_buffer_resource arena;
    const auto cell = collect::cast_json(document.root, true, arena);
    return cell ? std::string(std::get<std::string_view>(*cell)) : cell.error().reason;
  }
  // In one spelling: each engine keeps numbers, documents and lists in its own.
  static Lines rows_of(Side& side) {
    const bool sqlite = side.database->dialect().name() == "sqlite";
    const auto rows = store::testing::query(
        *side.session,
        fmt::format("SELECT id, part, t, v, w, i, b, n, m, r, o, d, s, e, l, u, j, {}, {} FROM items",
                    sqlite ? "x" : "array_to_json(x)", sqlite ? "y" : "array_to_json(y)"));
    EXPECT_TRUE(rows) << store::testing::message_of(rows);
    Lines lines;
    if (!rows) return lines;
    for (const store::Row& row : *rows) {
      std::string line;
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        std::string text = row.is_null(i) ? "NULL" : row.text(i);
        if (!row.is_null(i) && (i == 7 || i == 8)) text = std::string(base::strip_trailing_zeros(text));
        if (!row.is_null(i) && i >= 16) text = canonical_json(text);
        line += text + "|";
      }
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  // The same on both sides; what the first said.
  Loaded load(const std::vector<std::string>& records) {
    const std::string run = "run" + std::to_string(++runs_);
    const Loaded one = load_into(sqlite_, run, records), other = load_into(postgres_, run, records);
    EXPECT_EQ(one.misfits, other.misfits);
    EXPECT_EQ(one.counts, other.counts);
    EXPECT_EQ(rows_of(sqlite_), rows_of(postgres_));
    return one;
  }

  const config::Collector collector_ =
      collect::testing::collector_into(all_fields, "primary_key: [id, part]");
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  Side sqlite_{collect::testing::loading_engines[0]}, postgres_{collect::testing::loading_engines[1]};
  int runs_ = 0;
};

TEST_F(EnginesTest, HandPickedRecords) {
  std::vector<std::string> records;
  for (const Given& it : hand_picked)
    records.push_back(std::string_view(it.field) == "id"
                          ? fmt::format(R"({{"id": {}}})", it.json)
                          : fmt::format(R"({{"id": {}, "{}": {}}})", records.size(), it.field, it.json));
  const Loaded first = load(records);
  EXPECT_GT(first.misfits.size(), 40U);
  EXPECT_GT(first.counts.inserted, 60);
  const auto again = load(records).counts;
  EXPECT_EQ(again.inserted + again.updated, 0);
  EXPECT_EQ(again.unchanged, first.counts.inserted);
}

TEST_F(EnginesTest, KeysThatNoIndexTakes) {
  base::Rng rng(3);
  const auto text = [&](int length) {
    std::string made;
    for (int i = 0; i < length; ++i) made += static_cast<char>('a' + rng.below(26));
    return made;
  };
  std::vector<std::string> records;
  for (const int length : {100, 2'000, 2'500, 2'584, 2'585, 2'700, 10'000, 100'000})
    records.push_back(fmt::format(R"({{"id": {}, "part": "{}"}})", length, text(length)));
  const Loaded loaded = load(records);
  EXPECT_EQ(loaded.misfits.size(), 4U);
  EXPECT_EQ(loaded.counts.inserted, 4);
}

// Values by chance, of pieces that mean something to somebody; the keys meet again and again.
class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed) : rng_(seed) {}
  std::string record() {
    static constexpr std::array names{"t", "v", "w", "i", "b", "n", "m", "r", "o",
                                      "d", "s", "e", "l", "u", "j", "x", "y"};
    std::string made = fmt::format(R"({{"id": {})", rng_.below(40));
    for (std::uint64_t i = rng_.below(4); i > 0; --i) {
      const char* const name = names[rng_.below(names.size())];
      made += fmt::format(R"(, "{}": {})", name, value(std::string_view(name)));
    }
    return made + "}";
  }

 private:
  std::string value(std::string_view name) {
    if (name == "x" || name == "y") return list();
    return name == "j" || rng_.below(8) == 0 ? any(3) : scalar();
  }
  std::string scalar() {
    const auto kind = rng_.below(10);
    if (kind == 0) return "null";
    if (kind == 1) return rng_.below(2) == 0 ? "true" : "false";
    return kind < 6 ? number() : text();
  }
  std::string number() {
    static constexpr std::array exponents{"", "", "", "e2", "E-3", "e18", "e308", "e-330", "e999", "e20000"};
    std::string made = rng_.below(3) == 0 ? "-" : "";
    made += std::to_string(rng_.below(2) == 0 ? rng_.below(100) : rng_.below(std::uint64_t{1} << 62));
    if (rng_.below(2) == 0) made += fmt::format(".{:02}0", rng_.below(100));
    return made + exponents[rng_.below(exponents.size())];
  }
  std::string text() {
    static constexpr std::array pieces{
        R"(\\)", R"(\")",     "{",  "}",     ",",  "NULL", "null", "é",          "😀",      R"(\u0000)",
        " ",     R"(\ud83d)", "'",  R"(\n)", "$1", "%",    "1",    "2025-11-21", "T10:30", "Z",
        ".",     "-",         "e9", "true",  "[",  "]",    ":",    R"(\u0001)",  R"(\\N)", R"(\\.)"};
    std::string made = "\"";
    for (std::uint64_t i = rng_.below(5); i > 0; --i) {
      const std::uint64_t at = rng_.below(pieces.size() * 2);
      made += at < pieces.size() ? pieces[at] : "a";
    }
    return made + '"';
  }
  std::string list() {
    std::string made = "[";
    for (std::uint64_t i = rng_.below(5); i > 0; --i) made += (made.size() > 1 ? "," : "") + scalar();
    return made + "]";
  }
  std::string any(int depth) {
    const auto kind = depth == 0 ? 0 : rng_.below(3);
    if (kind == 0) return scalar();
    std::string made;
    for (std::uint64_t i = rng_.below(4); i > 0; --i)
      made += (made.empty() ? "" : ",") + (kind == 1 ? any(depth - 1) : text() + ":" + any(depth - 1));
    return kind == 1 ? "[" + made + "]" : "{" + made + "}";
  }

  base::Rng rng_;
};

TEST_F(EnginesTest, RandomRecords) {
  RandomRecords random(20251121);
  Staged all{0, 0, 0, 0, 0};
  std::size_t misfits = 0;
  for (int batch = 0; batch < 40; ++batch) {
    std::vector<std::string> records;
    for (int i = 0; i < 40; ++i) records.push_back(random.record());
    const Loaded loaded = load(records);
    misfits += loaded.misfits.size();
    all.inserted += loaded.counts.inserted;
    all.updated += loaded.counts.updated;
    all.conflicts += loaded.counts.conflicts;
    ASSERT_FALSE(HasFailure()) << "batch " << batch;
  }
  EXPECT_EQ(all.inserted, 40);
  EXPECT_GT(all.updated, 200);
  EXPECT_GT(all.conflicts, 40);
  EXPECT_GT(misfits, 300U);
}

}  // namespace
