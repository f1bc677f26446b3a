// Many rows as one parameter, so that a statement over a batch has the same text whatever its size: prepared
// once, one round trip. The rows travel as a JSON array of arrays, which both engines take apart themselves.
//
//   Batch batch({{"id", Batch::Kind::integer}, {"receipt", Batch::Kind::text}});
//   batch.add({id, receipt});
//   TRY(c.execute("UPDATE {pulse}outbox SET receipt = s.receipt FROM " + batch.source(c.dialect(), 1, "s") +
//                 " WHERE {pulse}outbox.id = s.id", {batch.text()}));
//
// The source has a column `place` besides: 0, 1, 2 … in the order of add(). Texts are UTF-8 without NUL bytes
// (is_storable), or the statement fails. Pure; not thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace store {

class Batch {
 public:
  enum class Kind { integer, text };
  struct Column {
    std::string name;
    Kind kind = Kind::text;
  };
  explicit Batch(std::vector<Column> columns);

  void add(std::initializer_list<Param> row);  // as many as there are columns, integers or texts or NULL
  std::size_t size() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  const std::string& text();  // the parameter; until the next add()

  // Stands behind FROM, JOIN or IN (SELECT … FROM: the rows of parameter $`parameter`.
  std::string source(const Dialect& dialect, int parameter, std::string_view alias) const;

 private:
  std::vector<Column> columns_;
  std::string json_ = "[";
  std::size_t rows_ = 0;
  bool closed_ = false;
};

// The ids alone, in a column `id`.
Batch batch_of_ids(const std::vector<std::int64_t>& ids);

// A query for the rows of each of batch_of_ids(), which is parameter $`parameter`: `select` ends with the
// column that is to be such an id, and its index is used. The ids are distinct. PostgreSQL keeps a plan that
// was made while the table was small, and would go on reading all of it when it has grown.
std::string of_each_id(const Dialect& dialect, int parameter, std::string_view select,
                       std::string_view group = {});

// Whether every engine keeps this text as it is.
bool is_storable(std::string_view text);

// The time by which processes that share the database agree: the server's; ours where one process has it.
base::Result<base::WallTime> shared_now(Connection& connection, const base::Clock& ours);

// The database's time so many microseconds from now, of an SQL expression or "$3"; below 0: ago.
std::string from_now(const Dialect& dialect, std::string_view microseconds);

}  // namespace store
