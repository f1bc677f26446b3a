# embed_starter(TARGET): compiles examples/starter into TARGET as pulse::starter_files(), anew whenever a file is
# changed, added or removed. The same file is the script that writes the source (cmake -P).

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_STARTER_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(embed_starter target)
    set(folder ${CMAKE_SOURCE_DIR}/examples/starter)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/* ${folder}/.*)
    list(REMOVE_DUPLICATES files)
    list(SORT files)
    list(TRANSFORM files PREPEND ${folder}/ OUTPUT_VARIABLE paths)
    set(output ${CMAKE_BINARY_DIR}/generated/${target}/starter_files.cpp)
    # The command line changes with the list of files, which makes a removed file count.
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} "-DFILES=${files}" -DOUTPUT=${output} -P ${EMBED_STARTER_SCRIPT}
      DEPENDS ${paths} ${EMBED_STARTER_SCRIPT}
      COMMENT "Embedding the starter project"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()
  return()
endif()

set(entries "")
list(LENGTH FILES count)
foreach(path IN LISTS FILES)
  file(READ ${FOLDER}/${path} text)
  string(APPEND entries "    {\"${path}\", R\"pulse_file(${text})pulse_file\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Written by cmake/EmbedStarter.cmake from examples/starter.
#include <array>

#include \"pulse/starter.hpp\"

namespace pulse {

std::span<const StarterFile> starter_files() {
  static constexpr std::array<StarterFile, ${count}> files{{
${entries}  }};
  return files;
}

}  // namespace pulse
")
