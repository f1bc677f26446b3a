// PostgresConnection::load(): COPY … FROM STDIN, in pieces of a bounded size.
#include <libpq-fe.h>

#include <charconv>

#include "base/check.hpp"
#include "store/postgres_connection.hpp"
#include "store/postgres_text.hpp"
#include "store/sql_text.hpp"

namespace store {
namespace {

using base::Code;

constexpr std::size_t piece = std::size_t{64} << 10;

}  // namespace

base::Result<void> PostgresConnection::open_copy() {
  TRY(ready(copy_->sql));
  const auto begun = link_->command(copy_->sql);
  if (!begun) return explain(begun.error(), copy_->sql);
  if (PQresultStatus(begun->get()) != PGRES_COPY_IN)
    return base::error(Code::internal, "not a COPY [{}]", excerpt(copy_->sql));
  copy_->open = true;
  copy_->buffer.clear();
  return {};
}

base::Result<void> PostgresConnection::send_copy() {
  if (copy_->buffer.empty()) return {};
  const int put =
      PQputCopyData(link_->handle(), copy_->buffer.data(), static_cast<int>(copy_->buffer.size()));
  if (put != 1) return base::error(Code::unavailable, "the COPY cannot go on");
  copy_->buffer.clear();
  return link_->flush();
}

base::Result<void> PostgresConnection::close_copy() {
  if (const auto sent = send_copy(); !sent) {
    copy_->open = false;
    // Why the server takes no more it says itself.
    const auto said = link_->lost() ? base::Result<Answer>(sent.error()) : link_->answer(true);
    return explain(said ? sent.error() : said.error(), copy_->sql);
  }
  copy_->open = false;
  const auto done = link_->answer(PQputCopyEnd(link_->handle(), nullptr) == 1);
  if (!done) return explain(done.error(), copy_->sql);
  const std::string_view digits = PQcmdTuples(done->get());
  std::int64_t rows = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  copy_->rows += rows;
  return {};
}

struct PostgresConnection::EndOfCopy {
  PostgresConnection& connection;
  ~EndOfCopy() {
    connection.break_copy();
    connection.copy_.reset();
  }
};

// Whatever was sent is undone with the transaction.
void PostgresConnection::break_copy() {
  if (!copy_->open) return;
  copy_->open = false;
  static_cast<void>(link_->answer(PQputCopyEnd(link_->handle(), "the load was given up") == 1));
}

base::Result<void> PostgresConnection::try_load(std::size_t columns, const RowSource& rows) {
  TRY(open_copy());
  while (const auto row = rows()) {
    if (spoiled_) return *spoiled_;
    if (stop_.stop_requested()) return base::error(Code::cancelled, "stopped [{}]", excerpt(copy_->sql));
    if (row->size() != columns) {
      return base::error(Code::internal, "{} values given, {} wanted [{}]", row->size(), columns,
                         excerpt(copy_->sql));
    }
    if (!copy_->open) TRY(open_copy());  // the source asked the database something
    TRY_WITH(append_copy_line(copy_->buffer, *row), "[{}]", excerpt(copy_->sql));
    if (copy_->buffer.size() < piece) continue;
    if (const auto sent = send_copy(); !sent) return close_copy();
  }
  if (spoiled_) return *spoiled_;
  return copy_->open ? close_copy() : base::Result<void>();
}

base::Result<std::int64_t> PostgresConnection::load(std::string_view table,
                                                    const std::vector<std::string>& columns,
                                                    const RowSource& rows) {
  CHECK(!copy_, "a load inside a load");
  std::string names;
  for (const std::string& column : columns) names += (names.empty() ? "" : ", ") + dialect().quote(column);
  copy_.emplace();
  copy_->sql = fmt::format("COPY {} ({}) FROM STDIN", replace_words(table, dialect_->words()), names);
  const EndOfCopy end{*this};  // also when the source throws
  if (auto loaded = try_load(columns.size(), rows); !loaded) return spoil(std::move(loaded).error());
  return copy_->rows;
}

}  // namespace store
