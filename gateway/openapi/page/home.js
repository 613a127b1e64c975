// The page cannot know under which address it is read, so it asks the browser.
for (const place of document.querySelectorAll(".origin")) place.textContent = location.origin;
