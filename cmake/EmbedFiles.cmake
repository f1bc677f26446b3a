# embed_files(TARGET FUNCTION ns::name TYPE ns::Type HEADER path FOLDER folder [FILES name…])
#
# Compiles the files of a folder into TARGET, as the function `std::span<const ns::Type> ns::name()` that HEADER
# declares; Type holds the path below the folder and the text. Without FILES all of them, anew whenever one is changed,
# added or removed. The same file is the script that writes the source (cmake -P).

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_FILES_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(embed_files target)
    cmake_parse_arguments(ARG "" "FUNCTION;TYPE;HEADER;FOLDER" "FILES" ${ARGN})
    set(folder ${CMAKE_SOURCE_DIR}/${ARG_FOLDER})
    if(NOT ARG_FILES)
      file(GLOB_RECURSE ARG_FILES CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/* ${folder}/.*)
    endif()
    list(REMOVE_DUPLICATES ARG_FILES)
    list(SORT ARG_FILES)
    list(TRANSFORM ARG_FILES PREPEND ${folder}/ OUTPUT_VARIABLE paths)
    string(REGEX REPLACE "^.*::" "" name ${ARG_FUNCTION})
    set(output ${CMAKE_BINARY_DIR}/generated/${target}/${name}.cpp)
    # The command line changes with the list of files, which makes a removed file count.
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DFUNCTION=${ARG_FUNCTION} -DTYPE=${ARG_TYPE} -DHEADER=${ARG_HEADER} -DFOLDER=${folder}
              "-DFILES=${ARG_FILES}" -DOUTPUT=${output} -P ${EMBED_FILES_SCRIPT}
      DEPENDS ${paths} ${EMBED_FILES_SCRIPT}
      COMMENT "Embedding ${ARG_FOLDER}"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()
  return()
endif()

set(entries "")
list(LENGTH FILES count)
foreach(path IN LISTS FILES)
  file(READ ${FOLDER}/${path} text)
  string(APPEND entries "    {\"${path}\", R\"embedded(${text})embedded\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Written by cmake/EmbedFiles.cmake.
#include <array>

#include \"${HEADER}\"

std::span<const ${TYPE}> ${FUNCTION}() {
  static constexpr std::array<${TYPE}, ${count}> files{{
${entries}  }};
  return files;
}
")
