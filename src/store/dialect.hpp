// What engines say differently, as text to be put into SQL: names, column types, and what equal and greater
// mean for a type. NULL is a value like any other in differs(), less than all in greater(), and absent in
// greatest() and least(). Pure; thread-safe.
//
//   const ColumnType number{.kind = ColumnType::Kind::number};
//   dialect.differs("a.price", "b.price", number);    // false for 1.10 and 1.1
//   "ORDER BY " + dialect.ordered("price", number);   // 9.5 before 10
//
// Arguments are SQL expressions without side effects: they may come back more than once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// What a column holds; each engine has its own word for it.
struct ColumnType {
  enum class Kind {
    text,
    integer,  // 32 bits
    bigint,
    number,  // exact decimal
    real,    // double precision
    boolean,
    date,
    timestamp,        // in UTC
    timestamp_local,  // without a zone
    uuid,
    json,
    text_list,
    integer_list,
  };
  Kind kind = Kind::text;
  std::int64_t length = 0;     // of text, in characters; 0: any
  std::int64_t precision = 0;  // of number, in digits; 0: any
  std::int64_t scale = 0;      // of these, behind the point
};

// A column of a table as it is.
struct Column {
  std::string name;
  std::string type;  // as declared
  bool not_null = false;
  bool has_default = false;  // the engine fills it if the row does not
  bool is_computed = false;  // only the engine fills it
  bool is_identity = false;
  // The type that its values are held to; of a domain, the one it is made of. Empty: to none, which is what
  // SQLite does outside of STRICT tables.
  std::string enforced_type{};
  std::string collation{};  // quoted; empty: its type's own
};

enum class Suits {
  yes,
  too_narrow,  // it would refuse or change some of the values
  wrong,       // it is of another kind
};

enum class ListStyle { json, array_literal };  // ["a",null] or {"a",NULL}

class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;                         // "sqlite", "postgresql"
  virtual std::string quote(std::string_view identifier) const = 0;  // "a""b"
  virtual std::string ledger(std::string_view table) const = 0;      // pulse_runs; phoenix.jobs
  // Quoted; SQLite has no schemas: there a schema other than "" is temp, main or an attached database.
  virtual std::string table(std::string_view schema, std::string_view name) const = 0;
  virtual bool same_name(std::string_view a, std::string_view b) const = 0;  // of identifiers
  virtual std::string type(const ColumnType& type) const = 0;                // as declared
  virtual std::string_view serial() const = 0;  // type of a column that numbers its rows as they are inserted
  // Whether others may use it at the same time, and whether it may be gone for a while and come back: a
  // server.
  virtual bool is_server() const = 0;
  // Behind a SELECT whose rows are to be changed: those that another transaction is changing are left out.
  virtual std::string_view skip_locked() const = 0;
  // When a lease taken now ends, by the database's clock; NULL where one process has the database (SQ1).
  virtual std::string lease_end(int seconds) const = 0;
  // Statements that make the ledger's place, and let one transaction at a time migrate it.
  virtual std::vector<std::string> before_migrations() const = 0;

  // A condition that is never NULL: the values differ by the type's equality.
  virtual std::string differs(std::string_view a, std::string_view b, const ColumnType& type) const = 0;
  // An expression whose < and ORDER BY follow the type's order: texts by their bytes, numbers by value.
  virtual std::string ordered(std::string_view a, const ColumnType& type) const = 0;

  // How the engine takes text_list and integer_list.
  virtual ListStyle list_style() const = 0;
  // Whether the column takes every value of the type, and gives each back as it was.
  virtual Suits suits(const Column& column, const ColumnType& type) const = 0;
  // SQL for people, that mends a column: to give it another type, to let rows fill it, to let it be NULL. And
  // to make a schema. Empty: the engine cannot. `table` is quoted.
  virtual std::string change_type(std::string_view table, const Column& column,
                                  const ColumnType& type) const = 0;
  virtual std::string let_rows_fill(std::string_view table, const Column& column,
                                    const ColumnType& type) const = 0;
  virtual std::string drop_not_null(std::string_view table, const Column& column) const = 0;
  virtual std::string create_schema(std::string_view name) const = 0;

  // Where many transactions write at once; all are empty where only one does. A query after which, until its
  // end, no other transaction passes one with the same $1.
  virtual std::string_view take_turns() const = 0;
  // A statement after which, until the transaction's end, others read the table, but do not write.
  virtual std::string keep_writers_out(std::string_view table) const = 0;
  // Of a row that INSERT … ON CONFLICT DO UPDATE returned: a condition, true if it was not there before. Not
  // for partitioned tables.
  virtual std::string is_new_row(std::string_view alias) const = 0;

  std::string greater(std::string_view a, std::string_view b, const ColumnType& type) const;   // never NULL
  std::string greatest(std::string_view a, std::string_view b, const ColumnType& type) const;  // equal: a
  std::string least(std::string_view a, std::string_view b, const ColumnType& type) const;
};

}  // namespace store
