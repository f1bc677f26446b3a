// Reads a page set on a thread of its own, so that the next pages are fetched and decoded while those before
// are mapped and staged. At most `pages_waiting` wait between the two: memory is bounded by the pages in
// flight, which are these, one under way on either side, and no more.
//
//   TRY(stream_pages(reader, {values, fetch}, {.take = …, .restart = …}, set, stop));
//
// take and restart are called on the caller's thread, in order; an error of theirs ends the fetching, and
// goes before an error of that. `set` belongs to the other thread until the call returns.
#pragma once

#include <functional>
#include <stop_token>

#include "collect/page_reader.hpp"

namespace collect {

inline constexpr std::size_t pages_waiting = 2;

struct PageConsumer {
  std::function<base::Result<void>(const Page&)> take;
  std::function<base::Result<void>()> restart;  // what was taken is void
};

base::Result<void> stream_pages(PageReader& reader, const PageQuery& query, const PageConsumer& consumer,
                                PageSet& set, std::stop_token stop);

}  // namespace collect
