// A collector's response_filters as the judge that the HTTP policy asks about every answer (RT1). Pure.
#pragma once

#include "config/requester.hpp"
#include "http/message.hpp"

namespace collect {

// Empty if there are no filters. The filters must outlive it. A filter with a predicate decodes the answer's
// body as JSON; what is no JSON fits no predicate.
http::AnswerJudge make_judge(const config::ErrorHandler& handler);

}  // namespace collect
