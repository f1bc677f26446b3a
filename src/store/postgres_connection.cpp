#include "store/postgres_connection.hpp"

#include <libpq-fe.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "store/call_work.hpp"
#include "store/postgres_text.hpp"
#include "store/sql_text.hpp"

namespace store {
namespace {

using base::Code;

constexpr std::size_t max_statements = 64;
constexpr std::size_t max_parameters = 65'535;  // the protocol's
constexpr int oldest_server = 130'000;

std::string_view tag_of(const Answer& answer) { return PQcmdStatus(answer.get()); }

std::int64_t changed_by(const Answer& answer) {
  if (tag_of(answer).starts_with("SELECT")) return 0;  // these rows were read
  const std::string_view digits = PQcmdTuples(answer.get());
  std::int64_t rows = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  return rows;
}

bool makes_temp_table(std::string_view sql) {
  const auto next_word = [&] {
    const auto begin = std::min(sql.find_first_not_of(" \t\r\n"), sql.size());
    const auto end = std::min(sql.find_first_of(" \t\r\n", begin), sql.size());
    const std::string_view word = sql.substr(begin, end - begin);
    sql.remove_prefix(end);
    return word;
  };
  const auto is = [](std::string_view word, std::string_view wanted) {
    return word.size() == wanted.size() && strncasecmp(word.data(), wanted.data(), word.size()) == 0;
  };
  if (!is(next_word(), "CREATE")) return false;
  std::string_view kind = next_word();
  if (is(kind, "LOCAL") || is(kind, "GLOBAL")) kind = next_word();
  return is(kind, "TEMP") || is(kind, "TEMPORARY");
}

std::vector<Row> rows_of(const Answer& answer) {
  const pg_result* const result = answer.get();
  const int columns = PQnfields(result);
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int row = static_cast<int>(i);
    rows[i].cells.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        rows[i].cells.emplace_back();
        continue;
      }
      const std::string_view text(PQgetvalue(result, row, column),
                                  static_cast<std::size_t>(PQgetlength(result, row, column)));
      rows[i].cells.push_back(cell_of_postgres(text, PQftype(result, column)));
    }
  }
  return rows;
}

}  // namespace

// ---- opening ----

base::Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const Settings& settings,
                                                                           std::stop_token stop) {
  auto connection = std::make_unique<PostgresConnection>();
  connection->dialect_ = settings.dialect;
  connection->link_ = TRY(PostgresLink::connect(settings.link, stop));
  const auto watch = connection->link_->watch(std::move(stop));
  TRY_WITH(connection->configure(settings), "connecting to {}", settings.link.parsed.description());
  return connection;
}

base::Result<void> PostgresConnection::configure(const Settings& settings) {
  if (PQserverVersion(link_->handle()) < oldest_server) {
    const char* version = PQparameterStatus(link_->handle(), "server_version");
    return base::error(Code::invalid_config, "the server is PostgreSQL {}; 13 or newer is needed",
                       version == nullptr ? "of unknown version" : version);
  }
  const char* const encoding = PQparameterStatus(link_->handle(), "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) != "UTF8")
    return base::error(
        Code::invalid_config,
        "the database's encoding is {}, which cannot hold every text; make one with ENCODING 'UTF8'",
        encoding);
  // What is read and written here must not depend on how the server or the user is set up.
  std::string sql = fmt::format(
      "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; "
      "SET extra_float_digits = 1; SET bytea_output = 'hex'; SET standard_conforming_strings = on; "
      "SET client_min_messages = 'warning'; SET statement_timeout = {}; ",
      settings.statement_timeout.count());
  // Only `off` is too little (SS6): a stronger setting than `on` is somebody's choice.
  sql +=
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'";
  // A session may wait long for an API between two pages.
  if (PQserverVersion(link_->handle()) >= 140'000) sql += "; SET idle_session_timeout = 0";
  if (!settings.schema.empty()) sql += "; SET search_path = " + dialect().quote(settings.schema);
  TRY(link_->command(sql));
  return {};
}

// ---- statements ----

base::Error PostgresConnection::explain(base::Error error, std::string_view sql) {
  const bool cancelled = error.message.find("(SQLSTATE 57014)") != std::string::npos;
  if (cancelled && stop_.stop_requested()) return base::error(Code::cancelled, "stopped [{}]", excerpt(sql));
  if (access_ != Access::read && error.message.find("(SQLSTATE 25006)") != std::string::npos) {
    unfit_ = true;
    error.code = Code::unavailable;
    error.message +=
        "; this server takes no writes now: add target_session_attrs=read-write to the URL if it "
        "names several hosts";
  }
  // The server's word for the wrong number of parameters; a pooler also says it, but then hangs up.
  if (error.message.find("(SQLSTATE 08P01)") != std::string::npos && !link_->lost())
    error.code = Code::internal;
  error.message += fmt::format(" [{}]", excerpt(sql));
  return error;
}

base::Error PostgresConnection::spoil(base::Error error) {
  if (!spoiled_) spoiled_ = error;
  return error;
}

// Nothing may be sent otherwise: outside of the transaction it would stay whatever happens to the rest.
base::Result<void> PostgresConnection::ready(std::string_view sql) {
  if (spoiled_) return *spoiled_;
  if (copy_ && copy_->open) TRY(close_copy());
  if (PQtransactionStatus(link_->handle()) != PQTRANS_INTRANS)
    return base::error(link_->lost() ? Code::unavailable : Code::internal, "no transaction is open [{}]",
                       excerpt(sql));
  if (stop_.stop_requested()) return base::error(Code::cancelled, "stopped [{}]", excerpt(sql));
  return {};
}

base::Result<PostgresConnection::Statement> PostgresConnection::prepare(std::string_view sql) {
  Statement statement{.sql = std::string(sql), .name = fmt::format("s{}", next_name_++)};
  const std::string text = replace_words(sql, dialect_->words());
  if (text.find('\0') != std::string::npos)
    return base::error(Code::internal, "a NUL byte in a statement [{}]", excerpt(sql));
  auto prepared =
      link_->answer(PQsendPrepare(link_->handle(), statement.name.c_str(), text.c_str(), 0, nullptr) == 1);
  if (!prepared) return explain(prepared.error(), sql);
  return statement;
}

base::Result<const PostgresConnection::Statement*> PostgresConnection::statement(std::string_view sql) {
  const auto found =
      std::ranges::find_if(statements_, [&](const Statement& known) { return known.sql == sql; });
  if (found != statements_.end()) {
    statements_.splice(statements_.begin(), statements_, found);
  } else {
    statements_.push_front(TRY(prepare(sql)));
    if (statements_.size() > max_statements) {
      old_statements_.push_back(std::move(statements_.back().name));
      statements_.pop_back();
      TRY(drop_old_statements());
    }
  }
  return &statements_.front();
}

base::Result<void> PostgresConnection::drop_old_statements() {
  while (!old_statements_.empty()) {
    TRY(link_->command("DEALLOCATE " + old_statements_.back()));
    old_statements_.pop_back();
  }
  return {};
}

base::Result<Answer> PostgresConnection::try_run(std::string_view sql, std::span<const Param> params) {
  TRY(ready(sql));
  const Statement& known = *TRY(statement(sql));
  if (params.size() > max_parameters)
    return base::error(Code::internal, "{} parameters given, {} are possible [{}]", params.size(),
                       max_parameters, excerpt(sql));
  std::vector<std::string> texts;
  texts.reserve(params.size());
  std::vector<const char*> values;
  for (const Param& param : params) {
    if (std::holds_alternative<std::monostate>(param)) {
      values.push_back(nullptr);
      continue;
    }
    texts.push_back(TRY_WITH(postgres_text(param), "${} [{}]", values.size() + 1, excerpt(sql)));
    values.push_back(texts.back().c_str());
  }
  auto answer =
      link_->answer(PQsendQueryPrepared(link_->handle(), known.name.c_str(), static_cast<int>(values.size()),
                                        values.data(), nullptr, nullptr, 0) == 1);
  if (!answer) {
    // It may have failed because its plan is of yesterday's tables.
    old_statements_.push_back(std::move(statements_.front().name));
    statements_.pop_front();
    return explain(std::move(answer).error(), sql);
  }
  const auto status = PQresultStatus(answer->get());
  if (status == PGRES_EMPTY_QUERY) return base::error(Code::internal, "no statement [{}]", excerpt(sql));
  if (status == PGRES_COPY_IN) {
    link_->give_up();
    return base::error(Code::internal, "COPY is for load() [{}]", excerpt(sql));
  }
  if (const auto tag = tag_of(*answer); tag == "COMMIT" || tag == "ROLLBACK" || tag == "PREPARE TRANSACTION")
    spoil(base::error(Code::internal, "the work ended the transaction itself"));
  if (makes_temp_table(sql)) made_temp_tables_ = true;
  return answer;
}

base::Result<Answer> PostgresConnection::run(std::string_view sql, std::span<const Param> params) {
  auto answer = try_run(sql, params);
  if (!answer) return spoil(std::move(answer).error());
  return answer;
}

base::Result<std::int64_t> PostgresConnection::execute(std::string_view sql, std::span<const Param> params) {
  return changed_by(TRY(run(sql, params)));
}

base::Result<std::vector<Row>> PostgresConnection::query(std::string_view sql,
                                                         std::span<const Param> params) {
  return rows_of(TRY(run(sql, params)));
}

base::Result<std::vector<std::string>> PostgresConnection::column_names(std::string_view sql) {
  if (const auto able = ready(sql); !able) return spoil(able.error());
  const auto known = statement(sql);
  if (!known) return spoil(known.error());
  const auto described = link_->answer(PQsendDescribePrepared(link_->handle(), (*known)->name.c_str()) == 1);
  if (!described) return spoil(explain(described.error(), sql));
  std::vector<std::string> names;
  for (int column = 0; column < PQnfields(described->get()); ++column)
    names.emplace_back(PQfname(described->get(), column));
  return names;
}

// ---- transactions ----

base::Result<void> PostgresConnection::begin(Access access, std::stop_token stop) {
  if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
  access_ = access;
  stop_ = std::move(stop);
  spoiled_.reset();
  made_temp_tables_ = false;
  watch_ = link_->watch(stop_);
  const auto begun = link_->command(access == Access::read ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                                           : "BEGIN ISOLATION LEVEL READ COMMITTED");
  if (begun) return {};
  watch_.reset();
  return explain(begun.error(), "BEGIN");
}

base::Result<void> PostgresConnection::finish(const Work& work) {
  CHECK(watch_ != nullptr, "a transaction that was not begun");
  base::Result<void> outcome = complete(work);
  watch_.reset();  // a rollback runs to its end
  link_->hurry(stop_.stop_requested());
  if (!link_->lost() && PQtransactionStatus(link_->handle()) != PQTRANS_IDLE) {
    // Should it fail, the connection is dropped, and the server rolls back.
    if (!link_->command("ROLLBACK")) link_->give_up();
  }
  if (!outcome && outcome.error().code == Code::conflict) {
    // Prepared for tables that may be others by now.
    for (Statement& known : statements_) old_statements_.push_back(std::move(known.name));
    statements_.clear();
  }
  if (!link_->lost() && !drop_old_statements()) link_->give_up();
  link_->hurry(false);
  return outcome;
}

// From after BEGIN to COMMIT; on an error the transaction may still be open.
base::Result<void> PostgresConnection::complete(const Work& work) {
  TRY(call_work(work, *this));
  if (spoiled_) return *spoiled_;
  if (stop_.stop_requested()) return base::error(Code::cancelled, "stopped before the commit");
  return commit();
}

base::Result<void> PostgresConnection::commit() {
  watch_.reset();  // a COMMIT that has begun runs to its end (SS4)
  auto done = link_->command("COMMIT");
  if (done) {
    if (tag_of(*done) != "COMMIT")
      return base::error(Code::internal, "the server rolled back instead of committing");
    has_temp_tables_ = has_temp_tables_ || made_temp_tables_;
    return {};
  }
  base::Error error = std::move(done).error();
  // A server that goes on talking has refused it; one that is gone may have done it before (CO2).
  if (!link_->lost() && error.code != Code::unavailable) return explain(std::move(error), "COMMIT");
  link_->give_up();
  error.code = Code::unavailable;
  return std::move(error).with("the outcome of the commit is unknown");
}

bool PostgresConnection::clean() {
  if (!usable() || PQtransactionStatus(link_->handle()) != PQTRANS_IDLE) return false;
  link_->hurry(stop_.stop_requested());
  if (has_temp_tables_ && !link_->command("DISCARD TEMP")) return false;
  link_->hurry(false);
  has_temp_tables_ = false;
  return true;
}

}  // namespace store
