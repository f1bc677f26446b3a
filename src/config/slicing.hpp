// How a collector's work is cut into requests: partitions, windows and pages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/reading.hpp"
#include "config/requester.hpp"
#include "config/types.hpp"
#include "decode/value.hpp"
#include "expr/jmespath.hpp"

namespace config {

struct Paginator {
  enum class Type {
    none,
    page,
    offset,
    cursor,
    next_url,
    link_header,
    has_more,
    oai,
    graphql,
    body_page,
  };
  Type type = Type::none;
  std::int64_t start_page = 1, page_size = 0;        // page, has_more, body_page; size 0: not announced
  std::string page_parameter, size_parameter;        // page, has_more
  std::string page_body_path, size_body_path;        // body_page: filters[0].pageNumber
  std::string offset_parameter, limit_parameter;     // offset, in the URL
  std::string offset_body_path, limit_body_path;     // offset, in a JSON body
  std::int64_t limit = 0;                            // offset: the size of a page
  std::optional<expr::Expression> total_pages_path;  // page, has_more, body_page
  std::optional<expr::Expression> cursor_path;       // cursor, graphql
  std::string cursor_parameter, cursor_header, cursor_body_path;  // cursor: one of them
  std::optional<expr::Expression> stop;                           // cursor: true ends the set
  std::optional<expr::Expression> path;                           // next_url, has_more
  std::string rel;                                                // link_header
  std::optional<expr::Expression> has_next_path;                  // graphql
  std::string variable;                                           // graphql: its name in `variables`

  std::int64_t max_pages = 0;
  std::optional<std::int64_t> max_records;     // the set is complete then
  std::optional<expr::Expression> total_path;  // how many records the API says there are
  Share total_tolerance;
};

// What a substream's parent asks: its records give one partition each.
struct ParentRequest {
  Requester requester;
  Paginator paginator;
  Decoder decoder;
  RecordSelector record_selector;
};

struct PartitionRouter {
  enum class Type { list, product, chunk, table, substream };
  Type type = Type::list;
  std::string as;                                  // its name in templates; product has none
  std::shared_ptr<const decode::Document> values;  // list, chunk: an array of texts, numbers or maps
  std::vector<PartitionRouter> of;                 // product
  std::int64_t size = 0;                           // chunk: values in one request,
  std::string join;                                //   with this between them
  std::string query;                               // table: one column gives values, several give maps
  std::shared_ptr<const ParentRequest> parent;     // substream
  std::optional<expr::Expression> path;  // substream: the value in the parent's record; none: all of it
};

struct IncrementalSync {
  enum class Format { iso8601, epoch, epoch_ms, integer, opaque, pattern };
  Mark mark{};                    // where the file describes it
  expr::Expression cursor_field;  // on the source record
  Format format = Format::iso8601;
  std::string pattern;  // of strptime
  std::optional<Templated> start, end;
  std::optional<base::Duration> step;  // no window is longer
  base::Duration lookback_window{}, safety{};
  bool is_time() const { return format != Format::integer && format != Format::opaque; }
};

}  // namespace config
