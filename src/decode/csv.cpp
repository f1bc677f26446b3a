#include "decode/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>

#include "base/text.hpp"
#include "decode/builder.hpp"
#include "decode/encoding.hpp"

namespace decode {
namespace {

struct Cell {
  std::string_view text;
  bool text_behind_quote = false;
};

class Reader {
 public:
  Reader(Document& document, const CsvOptions& options)
      : document_(document),
        options_(options),
        build_(document, options.max_tree),
        at_(document.body.data()),
        end_(at_ + document.body.size()),
        line_start_(at_),
        clean_(is_utf8(document.body) && document.body.find('\0') == std::string::npos) {
    for (const char c : {options.delimiter, '\r', '\n'}) stops_[static_cast<unsigned char>(c)] = true;
  }

  base::Result<void> read();

 private:
  bool read_row();
  bool quoted();
  void plain();
  void end_line();
  base::Result<void> name_columns();
  Value record();
  Value cell(const Cell& cell, std::size_t column);
  std::string_view fault(const Cell& cell) const;
  base::Error unclosed() const;

  Document& document_;
  const CsvOptions& options_;
  Builder build_;
  char* at_;
  char* const end_;
  const char* line_start_;
  const bool clean_;  // no cell needs a look at its bytes
  std::array<bool, 256> stops_{};
  std::size_t line_ = 1;
  std::size_t row_line_ = 1;     // where the row in cells_ begins
  const char* quote_ = nullptr;  // the opening one of the cell being read, and its line
  const char* quote_line_start_ = nullptr;
  std::size_t quote_line_ = 1;
  std::vector<Cell> cells_;
  std::vector<std::string_view> names_;
  std::size_t row_ = 0;  // rows behind the header so far
};

void Reader::end_line() {
  at_ += *at_ == '\r' && end_ - at_ > 1 && at_[1] == '\n' ? 2 : 1;
  ++line_;
  line_start_ = at_;
}

void Reader::plain() {
  const char* const begin = at_;
  while (at_ != end_ && !stops_[static_cast<unsigned char>(*at_)]) ++at_;
  cells_.push_back({{begin, at_}});
}

// Doubled quotes become single ones in place. False: never closed.
bool Reader::quoted() {
  quote_ = at_;
  quote_line_ = line_;
  quote_line_start_ = line_start_;
  char* const begin = ++at_;
  char* out = at_;
  for (;;) {
    auto* const quote = static_cast<char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) return false;
    for (char* c = at_;
         (c = static_cast<char*>(std::memchr(c, '\n', static_cast<std::size_t>(quote - c))));) {
      ++line_;
      line_start_ = ++c;
    }
    const auto length = static_cast<std::size_t>(quote - at_);
    if (out != at_) std::memmove(out, at_, length);
    out += length;
    at_ = quote + 1;
    if (at_ == end_ || *at_ != '"') break;
    *out++ = '"';
    ++at_;
  }
  Cell cell{{begin, out}};
  for (; at_ != end_ && !stops_[static_cast<unsigned char>(*at_)]; ++at_) cell.text_behind_quote = true;
  cells_.push_back(cell);
  return true;
}

// False at the end of the body, or at quote_ if that is not null.
bool Reader::read_row() {
  while (at_ != end_ && (*at_ == '\n' || *at_ == '\r')) end_line();
  if (at_ == end_) return false;
  cells_.clear();
  row_line_ = line_;
  for (;;) {
    if (at_ != end_ && *at_ == '"') {
      if (!quoted()) return false;
      quote_ = nullptr;
    } else {
      plain();
    }
    if (at_ == end_) return true;
    if (*at_ != options_.delimiter) break;
    ++at_;
  }
  end_line();
  return true;
}

base::Error Reader::unclosed() const {
  std::size_t column = 1;
  const std::string_view before(quote_line_start_, quote_);
  for (std::size_t at = 0; at < before.size(); ++column)
    at += std::max<std::size_t>(base::utf8_sequence(before, at), 1);
  return base::error(base::Code::invalid_data, "line {}, column {}: this quote is never closed", quote_line_,
                     column);
}

std::string_view Reader::fault(const Cell& cell) const {
  if (cell.text_behind_quote) return "text behind the closing quote";
  if (clean_) return {};
  if (cell.text.find('\0') != std::string_view::npos) return "a NUL character";
  if (!is_utf8(cell.text)) return "invalid in its encoding (UTF-8 unless told otherwise)";
  return {};
}

base::Result<void> Reader::name_columns() {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Cell& cell = cells_[i];
    if (const std::string_view why = options_.header ? fault(cell) : ""; !why.empty())
      return base::error(base::Code::invalid_data, "line {}: the name of column {}: {}", row_line_, i + 1,
                         why);
    const bool named = options_.header && !cell.text.empty();
    names_.push_back(named ? cell.text : build_.keep(fmt::format("c{}", i + 1)));
    if (!seen.insert(names_.back()).second)
      return base::error(base::Code::invalid_data, "line {}: two columns are named \"{}\"", row_line_,
                         printable(names_.back()));
  }
  return {};
}

Value Reader::cell(const Cell& cell, std::size_t column) {
  if (const std::string_view why = fault(cell); !why.empty())
    return build_.spoiled(fmt::format("row {} (line {}), column {}: {}", row_, row_line_, column + 1, why));
  for (const std::string& null : options_.null_values)
    if (cell.text == null) return {};
  return Value::string(cell.text);
}

Value Reader::record() {
  const std::size_t whole = std::min(cells_.size(), names_.size());
  const bool ragged = cells_.size() != names_.size();
  const std::size_t count = whole + (ragged ? 1 : 0);
  auto* const members = build_.allocate<Member>(count);
  for (std::size_t i = 0; i < whole; ++i) members[i] = {names_[i], cell(cells_[i], i)};
  if (ragged) {
    // No column has an empty name, so the cells too many have a key of their own.
    const std::string_view key = whole < names_.size() ? names_[whole] : std::string_view("");
    members[whole] = {key, build_.spoiled(fmt::format(
                               "row {} (line {}) has {} cells, {} {}", row_, row_line_, cells_.size(),
                               options_.header ? "the header" : "the first row", names_.size()))};
  }
  return Value::object({members, count});
}

base::Result<void> Reader::read() {
  for (std::size_t i = 0; i < options_.skip_rows && at_ != end_; ++i) {
    at_ = std::find_if(at_, end_, [](char c) { return c == '\n' || c == '\r'; });
    if (at_ != end_) end_line();
  }
  std::vector<Value> rows;
  bool more = read_row();
  if (more) {
    TRY(name_columns());
    if (options_.header) more = read_row();
  } else if (quote_ == nullptr && options_.header) {
    return base::error(base::Code::invalid_data, "line {}: the body ends where a header is expected", line_);
  }
  for (; more; more = read_row()) {
    ++row_;
    rows.push_back(record());
    if (const auto error = build_.too_large()) return *error;
  }
  if (quote_ != nullptr) return unclosed();
  document_.root = build_.array(rows);
  return {};
}

}  // namespace

base::Result<Document> decode_csv(std::string body, const CsvOptions& options) {
  if (std::string_view("\"\r\n\0", 4).find(options.delimiter) != std::string_view::npos ||
      static_cast<unsigned char>(options.delimiter) >= 0x80)
    return base::error(base::Code::invalid_config, "a cell cannot end with the delimiter \"{}\"",
                       printable({&options.delimiter, 1}));
  Document document = TRY(open_document(std::move(body), options.encoding));
  TRY(Reader(document, options).read());
  return document;
}

}  // namespace decode
