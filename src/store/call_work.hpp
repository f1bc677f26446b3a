// The one catch-all around the work of a transaction: nothing that it throws leaves a connection.
#pragma once

#include "store/database.hpp"

namespace store {

base::Result<void> call_work(const Work& work, Connection& connection);

}  // namespace store
