// Which page to ask for next, and whether the pages told the truth (CO3). Knows nothing of HTTP engines and
// stores: the run sends what it says and shows it the answers.
//
// The set ends as complete, or as incomplete with a reason for people; nothing after that may be asked. The
// same page twice running, a cursor or address seen before, an empty page while more is announced, a total
// that shrinks, fewer records than the total, too many pages, an expression that fails: all are incomplete. A
// growing total is not. A `total` that is reached ends numbered pages; cursors and links go on to their own
// end. Pure; one thread; keeps a reference to the paginator.
//
//   Pager pager(collector.paginator);
//   PageStep step = Next{pager.first()};
//   while (const auto* next = std::get_if<Next>(&step))
//     step = pager.next(ask(next->request), arena);  // Complete or Incomplete in the end
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "config/slicing.hpp"
#include "decode/value.hpp"
#include "http/message.hpp"

namespace collect {

// How a page's request differs from the collector's own. A parameter or header takes the place of the
// collector's of that name (its `cursor: "*"` is for the first page).
struct PageRequest {
  std::vector<std::pair<std::string, std::string>> parameters{};
  std::vector<http::Header> headers{};
  std::optional<std::string> url{};  // absolute, with its query: instead of base, path and parameters. The
                                     // run judges its host (RT14) and adds credentials
  std::vector<std::pair<std::string, std::string>> body{};  // path → JSON, for Body::set_json()
  bool only_token = false;  // `parameters` are all there are: OAI-PMH forbids others beside the token
};

struct PageAnswer {
  const decode::Value& body;
  const http::Response& response;
  std::size_t records = 0;    // before the record filter
  std::uint64_t content = 0;  // content_of() the records
};

// Equal for equal records; the same in every process of this build.
std::uint64_t content_of(std::span<const decode::Value> records);

struct Next {
  PageRequest request;
};
struct Complete {};
struct Incomplete {
  std::string reason;
};
using PageStep = std::variant<Next, Complete, Incomplete>;

class Pager {
 public:
  static constexpr int max_resets = 3;
  static constexpr std::int64_t max_empty_pages = 100;      // running, each with a next one
  static constexpr std::size_t max_token_bytes = 16 << 10;  // of a cursor, token or address
  static constexpr std::size_t max_tokens_kept = 100'000;   // a longer circle ends at max_pages

  explicit Pager(const config::Paginator& paginator) : paginator_(paginator) { restart(); }

  PageRequest first() const;
  // `arena` takes what the expressions need, and may be released after the call.
  PageStep next(const PageAnswer& answer, std::pmr::memory_resource& arena);
  // RESET_PAGINATION: from the first page again, with all counts at zero; Incomplete after max_resets.
  PageStep reset();

  std::int64_t pages() const { return pages_; }
  std::int64_t records() const { return records_; }             // of all pages
  std::optional<std::int64_t> total() const { return total_; }  // as declared last

 private:
  using Arena = std::pmr::memory_resource;
  void restart();
  std::optional<std::string> read_totals(const PageAnswer& answer, Arena& arena);  // what is wrong with them
  std::int64_t missing() const;  // how many promised records have not come; 0: tolerably few
  bool is_short(const PageAnswer& answer) const;
  PageRequest numbered() const;
  PageStep follow(const PageAnswer& answer, Arena& arena);
  PageStep follow_numbers(const PageAnswer& answer);
  PageStep follow_more(const PageAnswer& answer, Arena& arena);
  PageStep follow_cursor(const PageAnswer& answer, Arena& arena);
  PageStep follow_address(const PageAnswer& answer, Arena& arena);
  PageStep follow_graphql(const PageAnswer& answer, Arena& arena);
  PageStep follow_token(const PageAnswer& answer, std::string token, PageRequest request);
  PageRequest with_cursor(const decode::Value& cursor) const;

  const config::Paginator& paginator_;
  int resets_ = 0;
  std::int64_t pages_ = 0, records_ = 0, empty_pages_ = 0;
  std::optional<std::int64_t> total_, total_pages_;
  std::int64_t highest_total_ = 0, highest_total_pages_ = 0;  // which total_tolerance is a share of
  std::optional<std::uint64_t> content_;                      // of the page before, unless it was empty
  std::string token_;                                         // sent with the page before
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace collect
