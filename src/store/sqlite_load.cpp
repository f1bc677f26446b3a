// SqliteConnection::load(): many rows a statement, because a statement costs about as much as a row.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory_resource>

#include "store/sql_text.hpp"
#include "store/sqlite_connection.hpp"

namespace store {
namespace {

using base::Code;

constexpr std::size_t batch_params = 500;  // every build of SQLite takes 999
constexpr std::size_t batch_bytes = std::size_t{256} << 10;

std::string insert_into(const Dialect& dialect, std::string_view table,
                        const std::vector<std::string>& columns, std::size_t rows) {
  std::string names, values;
  for (const std::string& column : columns) names += (names.empty() ? "" : ", ") + dialect.quote(column);
  for (std::size_t i = 0; i < rows * columns.size(); ++i) {
    const bool begins = i % columns.size() == 0;
    values += fmt::format("{}${}", i == 0 ? "" : begins ? "), (" : ", ", i + 1);
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, values);
}

// Copies: the texts of a row last until the next one is asked for.
class RowBatch {
 public:
  void add(std::span<const Param> row) {
    for (const Param& param : row) {
      const auto* text = std::get_if<std::string_view>(&param);
      params_.push_back(text == nullptr ? param : Param(keep(*text)));
    }
  }
  std::span<const Param> params() const { return params_; }
  std::size_t bytes() const { return bytes_; }
  void clear() {
    params_.clear();
    texts_.release();
    bytes_ = 0;
  }

 private:
  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    char* const place = static_cast<char*>(texts_.allocate(text.size(), 1));
    std::memcpy(place, text.data(), text.size());
    bytes_ += text.size();
    return {place, text.size()};
  }

  std::vector<Param> params_;
  std::size_t bytes_ = 0;
  std::array<std::byte, 32 * 1024> buffer_;
  std::pmr::monotonic_buffer_resource texts_{buffer_.data(), buffer_.size()};
};

}  // namespace

base::Result<std::int64_t> SqliteConnection::load(std::string_view table,
                                                  const std::vector<std::string>& columns,
                                                  const RowSource& rows) {
  const std::size_t width = columns.size();
  const std::size_t full = width * std::max<std::size_t>(1, batch_params / std::max<std::size_t>(1, width));
  const std::string one = insert_into(*dialect_, table, columns, 1);
  const std::string many = insert_into(*dialect_, table, columns, full / std::max<std::size_t>(1, width));
  RowBatch batch;
  std::int64_t count = 0;
  const auto flush = [&]() -> base::Result<void> {
    const auto params = batch.params();
    if (params.size() == full) {
      TRY(insert(many, params, width));
    } else {
      for (std::size_t i = 0; i < params.size(); i += width)
        TRY(insert(one, params.subspan(i, width), width));
    }
    batch.clear();
    return {};
  };
  TRY(check(one));  // also if there are no rows
  while (const auto row = rows()) {
    if (stop_.stop_requested()) return spoil(base::error(Code::cancelled, "stopped [{}]", excerpt(one)));
    if (row->size() != width) {
      return spoil(
          base::error(Code::internal, "{} values given, {} wanted [{}]", row->size(), width, excerpt(one)));
    }
    batch.add(*row);
    ++count;
    if (batch.params().size() >= full || batch.bytes() >= batch_bytes) TRY(flush());
  }
  TRY(flush());
  return count;
}

}  // namespace store
