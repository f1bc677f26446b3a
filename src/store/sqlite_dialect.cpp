#include "store/sqlite_dialect.hpp"

#include <strings.h>

#include "base/check.hpp"

namespace store {
namespace {

class SqliteDialect final : public Dialect {
 public:
  std::string_view name() const override { return "sqlite"; }
  std::string quote(std::string_view identifier) const override {
    CHECK(identifier.find('\0') == std::string_view::npos, "an identifier cannot hold a NUL byte");
    std::string quoted = "\"";
    for (const char c : identifier) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
  }
  std::string ledger(std::string_view table) const override { return "pulse_" + std::string(table); }
  std::string table(std::string_view schema, std::string_view name) const override {
    return schema.empty() ? quote(name) : quote(schema) + "." + quote(name);
  }
  std::string decimal_differs(std::string_view a, std::string_view b) const override {
    return fmt::format("pulse_decimal_differs({}, {})", a, b);
  }
  std::string differs(std::string_view a, std::string_view b) const override {
    return fmt::format("({}) IS NOT ({})", a, b);
  }
  // SQLite ignores the case of ASCII letters, quoted or not.
  bool same_name(std::string_view a, std::string_view b) const override {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
  }
  // Numbers stay text, digit by digit: SQLite's own would be doubles.
  std::string_view type(ColumnType type) const override {
    return type == ColumnType::integer ? "INTEGER" : "TEXT";
  }
  std::string_view serial() const override { return "INTEGER PRIMARY KEY"; }
};

}  // namespace

const Dialect& sqlite_dialect() {
  static const SqliteDialect dialect;
  return dialect;
}

}  // namespace store
