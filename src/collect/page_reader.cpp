#include "collect/page_reader.hpp"

#include <fmt/format.h>

#include <charconv>

#include "collect/decoding.hpp"
#include "collect/pager.hpp"
#include "collect/selector.hpp"
#include "http/authorization.hpp"
#include "http/http_date.hpp"

namespace collect {
namespace {

using base::Result;
using Action = http::Ruling::Action;

http::OAuth2Client client_of(const config::Authenticator& it) {
  using Grant = http::OAuth2Client::Grant;
  return {.token_url = it.token_url,
          .grant = it.grant == config::Authenticator::Grant::password ? Grant::password
                                                                      : Grant::client_credentials,
          .client_id = it.client_id,
          .client_secret = it.client_secret,
          .username = it.username,
          .password = it.password,
          .refresh_token = it.refresh_token,
          .scope = it.scope};
}

// Stack Exchange's way to say: seconds, beside the records. An object with nothing else in it is a record.
std::optional<base::Duration> backoff_of(const decode::Value& root) {
  constexpr int longest = 86'400;
  const decode::Value* const backoff = root.members().size() > 1 ? root.find("backoff") : nullptr;
  if (backoff == nullptr || backoff->kind() != decode::Kind::number) return std::nullopt;
  const std::string_view text = backoff->text();
  int seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_whole = fault == std::errc() && end == text.data() + text.size();
  if (!is_whole || seconds < 1 || seconds > longest) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

PageReader::PageReader(PageReaderParts parts, const config::Requester& requester,
                       const config::Paginator& paginator, const config::Decoder& decoder,
                       const config::RecordSelector& selector)
    : parts_(parts),
      requester_(requester),
      paginator_(paginator),
      decoder_(decoder),
      selector_(selector),
      builder_(requester, decoder, parts_.api_budget) {
  const auto& it = requester.authenticator;
  if (it && it->type == config::Authenticator::Type::oauth2)
    oauth2_ = std::make_unique<http::OAuth2>(client_of(*it), parts.engine, parts.clock, &parts.redactor);
}

// A token may be withdrawn before its time: the first 401 asks for another one, the second is the answer.
Result<http::Response> PageReader::fetch(const BuiltRequest& built, const http::FetchOptions& options,
                                         std::stop_token stop) {
  if (!oauth2_ || !built.with_credentials) return parts_.engine.fetch(built.request, options, stop);
  const auto authorized = [&](const base::Secret& token) {
    http::Request with_token = built.request;
    with_token.secret_headers.push_back({"Authorization", http::bearer_credentials(token)});
    return parts_.engine.fetch(with_token, options, stop);
  };
  const base::Secret first = TRY_WITH(oauth2_->token(options, stop), "requester.authenticator");
  auto response = authorized(first);
  if (response || response.error().code != base::Code::permission) return response;
  oauth2_->invalidate(first);
  return authorized(TRY_WITH(oauth2_->token(options, stop), "requester.authenticator"));
}

// A page behind the first that is ignored counts as one without records. Numbered pages end so; what follows
// a token that was never read, nobody knows.
PageStep PageReader::after_ignored(Pager& pager, const http::Response& response) const {
  using Kind = config::Paginator::Type;
  std::pmr::monotonic_buffer_resource arena;
  const decode::Value nothing;
  PageStep step = pager.next({.body = nothing, .response = response, .records = 0, .content = 0}, arena);
  const bool numbered = paginator_.type == Kind::page || paginator_.type == Kind::offset ||
                        paginator_.type == Kind::body_page || paginator_.type == Kind::has_more;
  if (!numbered && std::holds_alternative<Complete>(step))
    return Incomplete{
        "a page behind the first was ignored by a response filter, and with it the way to the next"};
  return step;
}

Result<void> PageReader::read(const PageQuery& query, const PageSink& sink,
                              const std::function<Result<void>()>& restart, PageSet& set,
                              std::stop_token stop) {
  Pager pager(paginator_);
  Selector selector(selector_);
  TRY(selector.begin_slice(query.values));
  PageStep step = Next{pager.first()};
  const std::int64_t before = set.pages;
  bool is_recognisable = query.recognition != nullptr;
  while (const auto* next = std::get_if<Next>(&step)) {
    BuiltRequest built = TRY(builder_.build(query.values, next->request));
    const bool is_first = set.pages == before;
    if (is_first && is_recognisable) query.recognition->prepare(built.request);
    http::Response response = TRY(fetch(built, query.fetch, stop));
    ++set.pages;
    set.received_bytes += static_cast<std::int64_t>(response.received_bytes);
    if (!set.server_time) set.server_time = http::server_time(response);
    if (is_first && is_recognisable) {
      set.answer = query.recognition->of(response);
      set.not_modified = query.recognition->is_same(response);
      if (set.not_modified) return {};
    }
    if (response.ruling == Action::ignore) {
      if (set.pages == before + 1) return {};
      step = after_ignored(pager, response);
      continue;
    }
    if (response.ruling == Action::reset_pagination) {
      TRY(restart());
      set.records = 0;
      step = pager.reset();
      continue;
    }
    if (parts_.on_answer) parts_.on_answer();
    Decoded decoded = TRY(decode_answer(decoder_, response, requester_.max_response_size));
    auto page = std::make_unique<Page>();
    page->document = std::move(decoded.document);
    if (const auto backoff = backoff_of(page->document.root)) {
      is_recognisable = false;  // unread, the next one could not say it again
      parts_.engine.budgets().hold(built.request, *backoff, "a backoff in the answer");
    }
    set.duplicate_keys += page->document.duplicate_keys;
    const Selected selected =
        TRY_WITH(selector.select(page->document, decoded.type, page->arena), "{}", response.url);
    page->records = selected.records;
    set.records += static_cast<std::int64_t>(selected.unfiltered.size());
    step = pager.next({.body = page->document.root,
                       .response = response,
                       .records = selected.unfiltered.size(),
                       .content = content_of(selected.unfiltered)},
                      page->arena);
    if (!page->records.empty()) TRY(sink(std::move(page)));
  }
  set.without_total = paginator_.total_path && !pager.total() && set.records > 0;
  if (auto* incomplete = std::get_if<Incomplete>(&step)) set.incomplete = std::move(incomplete->reason);
  if (!is_recognisable || set.pages != before + 1 || !set.incomplete.empty() || set.records == 0)
    set.answer = {};
  return {};
}

}  // namespace collect
