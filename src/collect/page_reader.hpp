// One page set: asks for page after page, decodes each, selects its records and hands them on, until the
// paginator or one of its guards (CO3) ends it.
//
//   PageReader reader({.engine = …}, requester, paginator, decoder, selector);
//   PageSet set;
//   TRY(reader.read({values, options}, [&](std::unique_ptr<Page> page) { return stage(*page); }, restart,
//   set,
//                   stop));
//   if (!set.incomplete.empty()) …
//
// Belongs to one thread at a time; what it is made of must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "collect/conditional.hpp"
#include "collect/request.hpp"
#include "config/collector.hpp"
#include "decode/value.hpp"
#include "http/engine.hpp"
#include "http/oauth2.hpp"

namespace collect {

struct Page {  // stays where it is made: its values point into it
  decode::Document document;
  std::pmr::monotonic_buffer_resource arena;
  std::span<const decode::Value> records;  // those that passed the filter
};
using PageSink = std::function<base::Result<void>(std::unique_ptr<Page>)>;

// What to ask for.
struct PageQuery {
  const expr::TemplateValues& values;
  const http::FetchOptions& fetch;
  Recognition* recognition = nullptr;  // of the first page; nothing: all are read
};

struct PageSet {
  std::int64_t pages = 0;
  std::int64_t records = 0;  // before the filter (CO7)
  std::int64_t received_bytes = 0;
  std::uint64_t duplicate_keys = 0;  // in JSON objects
  bool without_total = false;        // total_path led to no number
  std::string incomplete;            // why the set is not what it should be; empty: it is whole
  std::optional<base::WallTime>
      server_time;            // of the first answer that said it: what came later may be missing
  bool not_modified = false;  // recognised: nothing was read
  Validators answer;          // of a whole set of one page with records; else empty
};

struct PageReaderParts {
  http::Engine& engine;
  base::Clock& clock;
  base::Redactor& redactor;
  std::function<void()> on_answer{};                // each, before it is decoded
  std::span<const config::ApiBudget> api_budget{};  // of the collector that it works for
};

class PageReader {
 public:
  PageReader(PageReaderParts parts, const config::Requester& requester, const config::Paginator& paginator,
             const config::Decoder& decoder, const config::RecordSelector& selector);

  // `set` counts also when an error ends it. `restart` is called when the API asks to begin again with the
  // first page: what was handed on is void then.
  base::Result<void> read(const PageQuery& query, const PageSink& sink,
                          const std::function<base::Result<void>()>& restart, PageSet& set,
                          std::stop_token stop);

 private:
  base::Result<http::Response> fetch(const BuiltRequest& built, const http::FetchOptions& options,
                                     std::stop_token stop);

  PageStep after_ignored(Pager& pager, const http::Response& response) const;

  const PageReaderParts parts_;
  const config::Requester& requester_;
  const config::Paginator& paginator_;
  const config::Decoder& decoder_;
  const config::RecordSelector& selector_;
  const RequestBuilder builder_;
  std::unique_ptr<http::OAuth2> oauth2_;
};

}  // namespace collect
