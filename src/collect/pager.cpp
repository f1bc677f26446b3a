#include "collect/pager.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "collect/hash.hpp"
#include "http/link_header.hpp"
#include "http/url.hpp"

namespace collect {
namespace {

using config::Paginator;
using decode::Kind;
using decode::Value;
using Type = Paginator::Type;

template <class... Args>
Incomplete lie(fmt::format_string<Args...> format, Args&&... args) {
  return Incomplete{fmt::format(format, std::forward<Args>(args)...)};
}

using Asked = tl::expected<Value, std::string>;

// An expression of the paginator on the answer's body; null without one.
Asked ask(const char* key, const std::optional<expr::Expression>& expression, const PageAnswer& answer,
          std::pmr::memory_resource& arena) {
  if (!expression) return Value{};
  auto value = expression->evaluate(answer.body, arena);
  if (!value)
    return tl::unexpected(
        fmt::format("paginator.{}: {}; correct the expression, or the API has changed", key, value.error()));
  if (value->kind() == Kind::spoiled)
    return tl::unexpected(
        fmt::format("paginator.{}: the answer's value cannot be read: {}", key, value->text()));
  return value;
}

// A number of records or pages. XML and some JSON have it as a text; what is none says nothing.
std::optional<std::int64_t> count_of(const Value& value) {
  if (value.kind() != Kind::number && value.kind() != Kind::string) return std::nullopt;
  const auto plain = base::plain_decimal(value.text());
  const auto count = plain ? base::decimal_to_int64(*plain) : std::nullopt;
  return count && *count >= 0 ? count : std::nullopt;
}

// Whether an answer's flag says yes: JMESPath's own truth, but no for 0, "0" and "false" too, as the APIs of
// languages mean it that know no other flags.
bool says_yes(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean: return value.as_boolean();
    case Kind::number: return count_of(value) != 0;
    case Kind::string: return !value.text().empty() && value.text() != "0" && value.text() != "false";
    case Kind::array: return !value.items().empty();
    case Kind::object: return !value.members().empty();
    default: return false;
  }
}

// "", null, false and [] where a cursor or address is expected: there is none. 0 is a cursor.
bool is_nothing(const Value& value) {
  return value.kind() != Kind::number && value.text().empty() && !says_yes(value);
}

std::string plain_text(const Value& value) {
  return value.kind() == Kind::string || value.kind() == Kind::number ? std::string(value.text())
                                                                      : decode::to_json(value);
}

std::string quoted(std::string_view text) {
  return '"' + base::shorten(base::escape_control(text), 60) + '"';
}

void add_value(Hash& hash, const Value& value) {
  hash.add(static_cast<std::uint64_t>(value.kind()) * 2 + (value.as_boolean() ? 1 : 0));
  if (value.kind() != Kind::array && value.kind() != Kind::object) return hash.add(value.text());
  hash.add(std::uint64_t{value.items().size() + value.members().size()});
  for (const Value& item : value.items()) add_value(hash, item);
  for (const decode::Member& member : value.members()) {
    hash.add(member.key);
    add_value(hash, member.value);
  }
}

std::uint64_t hash_of(std::string_view text) {
  Hash hash;
  hash.add(text);
  return hash.get();
}

}  // namespace

std::uint64_t content_of(std::span<const Value> records) {
  Hash hash;
  for (const Value& record : records) add_value(hash, record);
  return hash.get();
}

void Pager::restart() {
  pages_ = records_ = empty_pages_ = highest_total_ = highest_total_pages_ = 0;
  total_.reset();
  total_pages_.reset();
  content_.reset();
  token_.clear();
  seen_.clear();
}

PageStep Pager::reset() {
  if (++resets_ > max_resets)
    return lie("the API asked to begin again at the first page {} times; see error_handler.response_filters",
               resets_);
  restart();
  return Next{first()};
}

PageRequest Pager::first() const { return numbered(); }

// The next page's number or offset, from what has come; and its size, which every page is asked for.
PageRequest Pager::numbered() const {
  const Paginator& it = paginator_;
  const bool offset = it.type == Type::offset;
  PageRequest request;
  const auto add = [&](const std::string& parameter, const std::string& body_path, std::int64_t value) {
    if (!parameter.empty()) request.parameters.emplace_back(parameter, std::to_string(value));
    if (!body_path.empty()) request.body.emplace_back(body_path, std::to_string(value));
  };
  add(it.page_parameter, it.page_body_path, it.start_page + pages_);
  // By what came, not by `limit`: a server with a limit of its own gives fewer, and adding ours would leave
  // records out. At worst, where a server hides records after counting, a few come twice.
  if (offset) add(it.offset_parameter, it.offset_body_path, records_);
  if (offset) add(it.limit_parameter, it.limit_body_path, it.limit);
  add(it.size_parameter, it.size_body_path, it.page_size);
  return request;
}

PageStep Pager::next(const PageAnswer& answer, Arena& arena) {
  ++pages_;
  records_ += static_cast<std::int64_t>(answer.records);
  if (answer.records > 0 && content_ == answer.content)
    return lie("pages {} and {} hold the same {} records: the API does not turn the page", pages_ - 1, pages_,
               answer.records);
  content_ = answer.records > 0 ? std::optional(answer.content) : std::nullopt;
  empty_pages_ = answer.records > 0 ? 0 : empty_pages_ + 1;
  if (paginator_.max_records && records_ >= *paginator_.max_records) return Complete{};
  if (auto wrong = read_totals(answer, arena)) return Incomplete{std::move(*wrong)};

  PageStep step = follow(answer, arena);
  if (std::holds_alternative<Complete>(step) && missing() > 0)
    return lie("{} records came, {} were announced (paginator.total_path): {} are missing", records_, *total_,
               *total_ - records_);
  if (std::holds_alternative<Next>(step) && pages_ >= paginator_.max_pages)
    return lie("no end after {} pages; if there are more, raise paginator.max_pages", pages_);
  return step;
}

std::optional<std::string> Pager::read_totals(const PageAnswer& answer, Arena& arena) {
  const auto read = [&](const char* key, const std::optional<expr::Expression>& path,
                        std::optional<std::int64_t>& last,
                        std::int64_t& highest) -> std::optional<std::string> {
    const Asked value = ask(key, path, answer, arena);
    if (!value) return value.error();
    const auto count = count_of(*value);
    if (!count) return std::nullopt;
    last = count;
    highest = std::max(highest, *count);
    if (!paginator_.total_tolerance.exceeded(highest - *count, highest)) return std::nullopt;
    return fmt::format("page {} announces {} in all where {} were announced before (paginator.{})", pages_,
                       *count, highest, key);
  };
  if (auto wrong = read("total_path", paginator_.total_path, total_, highest_total_)) return wrong;
  return read("total_pages_path", paginator_.total_pages_path, total_pages_, highest_total_pages_);
}

std::int64_t Pager::missing() const {
  if (!total_) return 0;
  const std::int64_t due = std::min(*total_, paginator_.max_records.value_or(*total_));
  const std::int64_t missing = due - records_;
  return missing > 0 && paginator_.total_tolerance.exceeded(missing, due) ? missing : 0;
}

bool Pager::is_short(const PageAnswer& answer) const {
  const std::int64_t size = paginator_.type == Type::offset ? paginator_.limit : paginator_.page_size;
  return answer.records == 0 || static_cast<std::int64_t>(answer.records) < size;
}

PageStep Pager::follow(const PageAnswer& answer, Arena& arena) {
  switch (paginator_.type) {
    case Type::none: break;
    case Type::page:
    case Type::body_page:
    case Type::offset: return follow_numbers(answer);
    case Type::has_more: return follow_more(answer, arena);
    case Type::cursor: return follow_cursor(answer, arena);
    case Type::next_url:
    case Type::link_header: return follow_address(answer, arena);
    case Type::graphql: return follow_graphql(answer, arena);
    case Type::oai: {
      const Value* const token = answer.body.find("resumption_token");
      if (token == nullptr || is_nothing(*token)) break;
      const std::string text = plain_text(*token);
      return follow_token(
          answer, text,
          {.parameters = {{"verb", "ListRecords"}, {"resumptionToken", text}}, .only_token = true});
    }
  }
  return Complete{};
}

// What is announced decides; without that, a short page is the last one.
PageStep Pager::follow_numbers(const PageAnswer& answer) {
  if (total_pages_) {
    if (pages_ >= *total_pages_) return Complete{};
    if (answer.records > 0) return Next{numbered()};
    return lie("page {} is empty, {} pages were announced (paginator.total_pages_path)", pages_,
               *total_pages_);
  }
  if (missing() > 0) {
    if (answer.records > 0) return Next{numbered()};
    return lie("page {} is empty after {} records, {} were announced (paginator.total_path)", pages_,
               records_, *total_);
  }
  // Asking beyond the last page is an error for some. More records than announced: the total is none.
  return total_ == records_ || is_short(answer) ? PageStep(Complete{}) : Next{numbered()};
}

PageStep Pager::follow_more(const PageAnswer& answer, Arena& arena) {
  const Asked more = ask("path", paginator_.path, answer, arena);
  if (!more) return Incomplete{more.error()};
  if (!says_yes(*more)) return Complete{};
  if (answer.records > 0) return Next{numbered()};
  return lie("page {} is empty, and says that there are more (paginator.path)", pages_);
}

PageRequest Pager::with_cursor(const Value& cursor) const {
  PageRequest request = numbered();
  const std::string text = plain_text(cursor);
  if (!paginator_.cursor_parameter.empty())
    request.parameters.emplace_back(paginator_.cursor_parameter, text);
  if (!paginator_.cursor_header.empty()) request.headers.push_back({paginator_.cursor_header, text});
  if (!paginator_.cursor_body_path.empty())
    request.body.emplace_back(paginator_.cursor_body_path, decode::to_json(cursor));
  return request;
}

PageStep Pager::follow_cursor(const PageAnswer& answer, Arena& arena) {
  const Asked stop = ask("stop", paginator_.stop, answer, arena);
  if (!stop) return Incomplete{stop.error()};
  if (says_yes(*stop)) return Complete{};
  const Asked cursor = ask("cursor_path", paginator_.cursor_path, answer, arena);
  if (!cursor) return Incomplete{cursor.error()};
  if (is_nothing(*cursor)) return Complete{};
  const bool scalar = cursor->kind() == Kind::string || cursor->kind() == Kind::number;
  if (!scalar && paginator_.cursor_body_path.empty())
    return lie("paginator.cursor_path gives {}, which is neither a text nor a number",
               quoted(decode::to_json(*cursor)));
  const std::string text = plain_text(*cursor);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (!paginator_.cursor_header.empty() && std::any_of(text.begin(), text.end(), is_control))
    return lie("the cursor {} cannot stand in a header", quoted(text));
  return follow_token(answer, text, with_cursor(*cursor));
}

PageStep Pager::follow_address(const PageAnswer& answer, Arena& arena) {
  std::string target;
  if (paginator_.type == Type::link_header) {
    auto link = http::link_target(answer.response, paginator_.rel);
    if (!link) return Complete{};
    target = std::move(*link);
  } else {
    const Asked path = ask("path", paginator_.path, answer, arena);
    if (!path) return Incomplete{path.error()};
    if (is_nothing(*path)) return Complete{};
    if (path->kind() != Kind::string)
      return lie("paginator.path gives {}, which is no address", quoted(decode::to_json(*path)));
    const std::string& page = answer.response.url;
    auto resolved = http::resolve_url(page.empty() ? path->text() : page, path->text());
    if (!resolved) return lie("the next page (paginator.path): {}", resolved.error().message);
    target = std::move(*resolved);
  }
  if (token_.empty()) token_ = answer.response.url;
  if (seen_.size() < max_tokens_kept) seen_.insert(hash_of(answer.response.url));
  return follow_token(answer, target, {.url = target});
}

PageStep Pager::follow_graphql(const PageAnswer& answer, Arena& arena) {
  const Value* const data = answer.body.find("data");
  if (data == nullptr || data->is_null()) {
    const Value* const errors = answer.body.find("errors");
    const Value* const message =
        errors == nullptr || errors->items().empty() ? nullptr : errors->items()[0].find("message");
    return lie("the answer has no data: {}",
               message == nullptr ? "it names no error" : quoted(plain_text(*message)));
  }
  const Asked more = ask("has_next_path", paginator_.has_next_path, answer, arena);
  if (!more) return Incomplete{more.error()};
  if (!says_yes(*more)) return Complete{};
  const Asked cursor = ask("cursor_path", paginator_.cursor_path, answer, arena);
  if (!cursor) return Incomplete{cursor.error()};
  if (is_nothing(*cursor))
    return lie("page {} says that there are more (paginator.has_next_path), and has no cursor", pages_);
  return follow_token(answer, plain_text(*cursor),
                      {.body = {{"variables." + paginator_.variable, decode::to_json(*cursor)}}});
}

// An empty page with a next one is common where an API filters what it has paged. So it is a lie only if a
// total says that records are due, or if there is no end of them.
PageStep Pager::follow_token(const PageAnswer& answer, std::string token, PageRequest request) {
  const std::string shown = request.url ? http::host_label(token) : quoted(token);  // queries may hold keys
  if (token.size() > max_token_bytes)
    return lie("the next page's cursor or address has {} bytes, {} are allowed", token.size(),
               max_token_bytes);
  // Solr and its kin end a set like this: nothing more, and the same cursor again.
  if (answer.records == 0 && token == token_) return Complete{};
  const std::uint64_t hash = hash_of(token);
  if (seen_.contains(hash))
    return lie("page {} leads back to {}: the pages go round in a circle", pages_, shown);
  if (answer.records == 0 && missing() > 0)
    return lie("page {} is empty after {} records, {} were announced (paginator.total_path)", pages_,
               records_, *total_);
  if (empty_pages_ >= max_empty_pages)
    return lie("{} empty pages running, and each leads to another one", empty_pages_);
  if (seen_.size() < max_tokens_kept) seen_.insert(hash);
  token_ = std::move(token);
  return Next{std::move(request)};
}

}  // namespace collect
