// An Expression's text as a Tree: a Pratt parser, its recursion bounded. Internal to this folder. Pure.
#pragma once

#include <memory>
#include <string_view>

#include <tl/expected.hpp>

#include "expr/jmespath.hpp"
#include "expr/jmespath_tree.hpp"

namespace expr::jmespath {

tl::expected<std::shared_ptr<const Tree>, ExpressionFault> parse(std::string_view text);

}  // namespace expr::jmespath
