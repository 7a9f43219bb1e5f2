// Reveals the "Copy" button where the browser can copy. Everything works without this file.
(function () {
  "use strict";
  var source = document.querySelector("[data-copy-source]");
  var button = document.querySelector("[data-copy]");
  if (!source || !button) return;

  source.addEventListener("focus", function () { source.select(); });

  function copy() {
    if (navigator.clipboard && navigator.clipboard.writeText) return navigator.clipboard.writeText(source.value);
    source.focus();
    source.select();
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject();
  }

  button.hidden = false;
  button.addEventListener("click", function () {
    copy().then(function () {
      button.textContent = button.dataset.copied;
      var status = document.querySelector("[data-copy-status]");
      if (status) status.textContent = button.dataset.copied;
    }, function () {
      source.focus();
      source.select();
    });
  });
})();
