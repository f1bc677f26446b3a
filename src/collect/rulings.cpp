#include "collect/rulings.hpp"

#include <algorithm>
#include <memory_resource>

#include "decode/json.hpp"

namespace collect {
namespace {

using config::ResponseFilter;
using Action = http::Ruling::Action;

constexpr std::size_t searched = 64 << 10;  // error messages stand at the beginning of a body

Action to_action(ResponseFilter::Action action) {
  switch (action) {
    case ResponseFilter::Action::success: return Action::success;
    case ResponseFilter::Action::retry: return Action::retry;
    case ResponseFilter::Action::fail: return Action::fail;
    case ResponseFilter::Action::ignore: return Action::ignore;
    case ResponseFilter::Action::rate_limited: return Action::rate_limited;
    case ResponseFilter::Action::reset_pagination: return Action::reset_pagination;
  }
  return Action::fail;
}

// Of a body in whatever format; letters by ASCII's case.
bool contains_text(std::string_view body, std::string_view text) {
  body = body.substr(0, searched);
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(body.begin(), body.end(), text.begin(), text.end(), same) != body.end();
}

// One answer, decoded at most once, however many filters look into it.
class Answer {
 public:
  explicit Answer(const http::Response& response) : response_(response) {}

  bool fits(const ResponseFilter& filter) {
    const auto& codes = filter.http_codes;
    if (!codes.empty() && std::find(codes.begin(), codes.end(), response_.status) == codes.end())
      return false;
    if (!filter.error_message_contains.empty() &&
        !contains_text(response_.body, filter.error_message_contains))
      return false;
    return !filter.predicate || holds(*filter.predicate);
  }

 private:
  bool holds(const expr::Expression& predicate) {
    if (!tried_) {
      tried_ = true;
      auto document = decode::decode_json(response_.body);
      if (document) document_ = std::move(*document);
    }
    if (!document_) return false;
    const auto value = predicate.evaluate(document_->root, arena_);
    return value && expr::is_true(*value);
  }

  const http::Response& response_;
  bool tried_ = false;
  std::optional<decode::Document> document_;
  std::pmr::monotonic_buffer_resource arena_;
};

}  // namespace

http::AnswerJudge make_judge(const config::ErrorHandler& handler) {
  if (handler.response_filters.empty()) return {};
  return
      [&filters = handler.response_filters](const http::Response& response) -> std::optional<http::Ruling> {
        Answer answer(response);
        for (const ResponseFilter& filter : filters)
          if (answer.fits(filter))
            return http::Ruling{to_action(filter.action), filter.failure_type, filter.error_message};
        return std::nullopt;
      };
}

}  // namespace collect
